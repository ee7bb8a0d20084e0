"""Canonical frames compared: flips, gap, accuracy."""

FLIP_COLUMNS = "frame,n_steps,flips,flips_per_1000,changed_by_rotation,n_undefined".split(",")
GAP_COLUMNS = "trajectory,step,dihedral,gap".split(",")
ACCURACY_COLUMNS = "frame,descriptor,property,component,test_set,n_train,n_test,seed,rmse,unit".split(",")


def flips(frames, *, molecule, frame_names=None, seed=0):
    """Flips between consecutive steps of a trajectory, per frame choice -> tables/frame_flips.csv."""
    raise NotImplementedError


def gaps(frames, *, molecule, frame="inertia"):
    """Gap (I_c - I_b)/I_c of every frame along the dihedral -> tables/frame_gaps.csv."""
    raise NotImplementedError


def frame_accuracy(frames, train, test_sets, *, molecule, property, frame_names=None,
                   descriptors=("RE", "RExyzCl"), kernel=None, seed=0, **settings):
    """Frame-independent RMSE per frame x descriptor -> tables/frame_accuracy.csv.
    test_sets: dict name -> FrameSet. Workflow: one job per property."""
    raise NotImplementedError
