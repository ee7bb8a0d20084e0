"""Published values (resources/published/*.csv) beside those of a run."""


def compare(published, *, test_set, predictions, kreg=None, protocol=None):
    """tables/published.csv: quantity,component,source,published,uncertainty,ours,unit,ratio.

    published: list of DataFrames read from resources/published/*.csv; test_set, kreg: tables;
    predictions: paper-model predictions on the rotated set (both properties concatenated);
    protocol: dict of this run's sizes (n_frames, n_trajectories, n_train, n_test, n_rotated_frames,
    n_rotated_trajectories, ...)."""
    raise NotImplementedError
