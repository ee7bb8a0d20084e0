"""Error of the models against the dihedral angle."""

COLUMNS = ("model,property,component,test_set,dihedral_low,dihedral_high,n_test,rmse,unit,n_train,"
           "seed").split(",")


def error_by_dihedral(predictions, *, width=10.0, minimum=3):
    """Frame-independent RMSE in bins of the dihedral (degrees) from (concatenated) prediction tables;
    bins with fewer than `minimum` frames are left out; empty table without a dihedral."""
    raise NotImplementedError
