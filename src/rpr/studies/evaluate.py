"""Predictions of a fitted model on labelled frames, and the errors they make."""

PREDICTION_COLUMNS = ("model,property,test_set,n_train,seed,frame,trajectory,step,dihedral,component,"
                      "reference,prediction,unit").split(",")
COLUMNS = ("model,component,test_set,dihedral_sign,n_test,rmse,mae,max_error,r2,unit,n_train,"
           "seed").split(",")


def predictions(model, frames, *, model_name, property, test_set, molecule, n_train, seed=0,
                component_frame="inertia"):
    """Long table frame x component of reference and prediction, both in `component_frame` of each
    frame (the same for every model). Workflow: one job per (model, property, test_set)
    -> predictions/<model>_<property>_<test_set>.csv; fig5, error_by_dihedral and errors read these."""
    raise NotImplementedError


def errors(table):
    """tables/test_set.csv from (concatenated) predictions: per component and mu_inv/alpha_inv,
    dihedral_sign all|positive|negative (signs with no frame are left out)."""
    raise NotImplementedError
