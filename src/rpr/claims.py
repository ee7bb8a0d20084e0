"""The paper's claims beside what a run measured."""

COLUMNS = ("claim,source,expected_low,expected_high,measured,unit,n_train,n_test,seed,rule,"
           "verdict").split(",")


def claims_table(*, benchmark=None, learning_curve=None, kreg=None, test_set=None, covariance=None,
                 frame_flips=None, frame_accuracy=None):
    """tables/claims.csv from the other tables (DataFrames; None or empty -> verdict 'not measured')."""
    raise NotImplementedError
