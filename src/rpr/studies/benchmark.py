"""Benchmark grid: one descriptor, all kernels and components."""

COLUMNS = ("descriptor,kernel,frame,component,n_train,n_test,sigma,lambda,rmse,mae,max_error,r2,"
           "unit,seed").split(",")


def benchmark(frames, train, test, *, molecule, descriptor, kernels=None, properties=("dipole", "polarizability"),
              frame="inertia", coordinate_weight=0.5, validation_fraction=0.2, sigmas=None,
              lambdas=None, seed=0):
    """Table of one descriptor (rows: kernels x components). Workflow: one job per descriptor
    (x frame: also descriptors RE, RExyzCl in frame 'inertia-raw' for the sign-repair ablation);
    concatenate with tables.concat -> tables/benchmark.csv."""
    raise NotImplementedError
