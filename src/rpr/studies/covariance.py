"""Covariance of a fitted model under random rotations."""

COLUMNS = ("model,property,n_rotations,max_error,median_error,unit,n_frames,n_train,seed").split(",")


def covariance(model, frames, *, model_name, property, n_rotations=1000, seed=0, n_train=None):
    """One row: largest and median |f(R X) - R f(X)| over random rotations of the frames."""
    raise NotImplementedError
