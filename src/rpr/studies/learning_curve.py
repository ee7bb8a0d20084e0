"""Learning curves of any named model."""

COLUMNS = "property,component,model,n_train,seed,test_set,rmse,unit,n_test".split(",")


def learning_curve(frames, pool, test_sets, *, molecule, property, model, sizes, seeds, **settings):
    """Rows component x size x seed x test set (components and mu_inv/alpha_inv).

    frames: FrameSet; pool: indices that may be trained on; test_sets: dict name -> FrameSet
    (e.g. in_distribution, rotated); sizes: ints (those larger than the pool are left out);
    seeds: ints, each draws its own random order of the pool; settings: as models.make_model.
    Workflow: one job per (model, property) -> tables.concat -> tables/learning_curve.csv."""
    raise NotImplementedError


def summarise(table):
    """Mean, standard deviation, min, max over seeds: property,component,model,n_train,test_set,
    n_seeds,mean,std,min,max,unit."""
    raise NotImplementedError
