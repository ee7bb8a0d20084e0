"""KREG potential: learning curve and scatter data."""

COLUMNS = "n_train,seed,test_set,quantity,rmse,mae,unit,n_test".split(",")


def kreg_learning_curve(frames, pool, test_sets, *, molecule, sizes, seeds, permutations=None,
                        sigma=None, lambda_energy=None, lambda_forces=None):
    """tables/kreg.csv: quantities energy, gradient. test_sets: dict name -> FrameSet."""
    raise NotImplementedError


def kreg_errors(model, test_set_frames, *, test_set, n_train, seed):
    """Rows of kreg.csv for one fitted potential on one labelled FrameSet."""
    raise NotImplementedError


def kreg_scatter(model, test_sets, *, max_points=20000, seed=0):
    """Scatter data of a fitted potential: test_set,quantity,reference,prediction,dihedral_sign,unit."""
    raise NotImplementedError
