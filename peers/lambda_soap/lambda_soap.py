"""Gaussian process regression with lambda-SOAP kernels, to stand beside the models of `rpr`.

    python lambda_soap.py --property dipole train.extxyz test.extxyz [test.extxyz ...]

It needs an environment of its own with ``featomic`` and ``ase`` (README.md) and imports nothing of
`rpr`.  Frames are extended XYZ with ``dipole`` (e Angstrom) or ``polarizability`` (nine numbers,
Angstrom^3).  For every test file it prints the root mean square error over all elements (Debye or
bohr^3), the median over frames, and the times of training and prediction; with ``--write`` it also
writes the predictions, in the unit of the labels.

The kernel between environments i and j of the same element is

    k_ij = (k^0_ij)^(zeta - 1) k^lambda_ij,    zeta = 3,

with k^lambda the normalized product of the lambda-SOAP power spectra [2 lambda + 1, 2 lambda + 1],
and the kernel between molecules its sum over all such pairs (Grisafi et al., Phys. Rev. Lett. 120,
036002 (2018)).  A dipole is lambda = 1; a polarizability its trace, lambda = 0, and its traceless
part, lambda = 2.  The ridge is chosen on a fifth of the training frames.
"""

import argparse
import os
import time

import ase.io
import featomic
import numpy as np
from featomic.clebsch_gordan import EquivariantPowerSpectrum
from metatensor import Labels
from scipy.linalg import cho_factor, cho_solve

ZETA = 3
RIDGES = 10.0 ** np.arange(-14, -4)  #: relative to the mean diagonal of the kernel
EXPANSION = {
    "cutoff": {"radius": 5.5, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
    "density": {"type": "Gaussian", "width": 0.5},
    "basis": {
        "type": "TensorProduct",
        "max_angular": 4,
        "radial": {"type": "Gto", "max_radial": 5},
    },
}
DEBYE, BOHR3 = 0.20819433, 0.529177210903**3
BLOCK = 100  #: frames described and compared at once


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--property", choices=("dipole", "polarizability"), default="dipole")
    parser.add_argument("--n-train", type=int, help="only so many frames of the training file")
    parser.add_argument("--seed", type=int, default=0, help="seed of the validation split")
    parser.add_argument("--write", metavar="FOLDER", help="where predictions go (.npy)")
    parser.add_argument("train")
    parser.add_argument("tests", nargs="+")
    options = parser.parse_args()
    train = ase.io.read(options.train, ":")[: options.n_train]
    start = time.process_time()
    model = Model(train, options.property, options.seed)
    print(f"{len(train)} training frames, {time.process_time() - start:.0f} s of processor time")
    for path in options.tests:
        frames = ase.io.read(path, ":")
        start = time.process_time()
        predicted = model.predict(frames)
        seconds = time.process_time() - start
        unit, size = ("D", DEBYE) if options.property == "dipole" else ("bohr^3", BOHR3)
        if options.write:
            stems = [os.path.splitext(os.path.basename(name))[0] for name in (options.train, path)]
            np.save(os.path.join(options.write, "_".join([*stems, str(len(train))])), predicted)
        error = (predicted - values(frames, options.property)).reshape(len(frames), -1) / size
        by_frame = np.sqrt((error**2).mean(axis=1))
        print(
            f"{path}: {len(frames)} frames, RMSE {np.sqrt((by_frame**2).mean()):.4g} {unit}, "
            f"median {np.median(by_frame):.4g} {unit}, {1e3 * seconds / len(frames):.1f} ms a frame"
        )


def values(frames, name):
    """Dipoles [n, 3] or polarizabilities [n, 3, 3] of frames."""
    if name == "dipole":
        return np.array([atoms.get_dipole_moment() for atoms in frames])
    found = [np.asarray(atoms.info.get(name, atoms.calc.results.get(name))) for atoms in frames]
    return np.array(found).reshape(-1, 3, 3)


class Model:
    """One process for each spherical part of a property, with its ridge and validation error."""

    def __init__(self, train, name, seed):
        self.parts = (1,) if name == "dipole" else (0, 2)
        self.train = [describe(train, rank) for rank in self.parts]
        self.weights, self.means, self.ridges, self.errors = [], [], [], []
        for rank, environments in zip(self.parts, self.train, strict=True):
            y = spherical(values(train, name), rank)
            mean = y.mean() if rank == 0 else 0.0
            K, y = kernel_within(environments), (y - mean).ravel()
            ridge, error = ridge_of(K, y, 2 * rank + 1, seed)
            print(f"  ridge {ridge:.0e} of the mean diagonal, validation {error:.3g}")
            self.weights.append(solve_larger(K, y, ridge))
            self.means.append(mean)
            self.ridges.append(ridge)
            self.errors.append(error)

    def predict(self, frames):
        """Property of frames in Cartesian elements."""
        blocks = [frames[i : i + BLOCK] for i in range(0, len(frames), BLOCK)]
        return np.concatenate([self._predict(block) for block in blocks])

    def _predict(self, frames):
        found = []
        for rank, train, w, mean in zip(
            self.parts, self.train, self.weights, self.means, strict=True
        ):
            K = kernel(describe(frames, rank), train)
            found.append((K @ w).reshape(len(frames), 2 * rank + 1) + mean)
        return cartesian(found)


def describe(frames, rank):
    """Element -> (frame of each environment, scalar [n, p], equivariant [n, 2 rank + 1, q])."""
    spectrum = EquivariantPowerSpectrum(featomic.SphericalExpansion(**EXPANSION))
    keys = Labels(["o3_lambda", "o3_sigma"], np.array([[0, 1], [rank, 1]][: 1 + (rank > 0)]))
    found = spectrum.compute(frames, selected_keys=keys, neighbors_to_properties=True)
    described = {}
    for element in sorted(set(found.keys["center_type"].tolist())):
        blocks = [
            found.block({"o3_lambda": k, "o3_sigma": 1, "center_type": element}) for k in (0, rank)
        ]
        scalar = np.asarray(blocks[0].values)[:, 0]
        scalar = scalar / np.linalg.norm(scalar, axis=1, keepdims=True)
        tensor = np.asarray(blocks[1].values)
        gram = np.einsum("nmq,nkq->nmk", tensor, tensor)
        size = np.sqrt(np.linalg.norm(gram, axis=(1, 2)))
        tensor = tensor / np.maximum(size, 1e-300)[:, None, None]
        described[element] = (np.asarray(blocks[1].samples["system"]), scalar, tensor)
    return described


def kernel(left, right):
    """Kernel between molecules, [n (2 rank + 1), m (2 rank + 1)]."""
    total = 0.0
    for element, (rows, scalar, tensor) in left.items():
        columns, other_scalar, other = right[element]
        n, m, d = rows.max() + 1, columns.max() + 1, tensor.shape[1]
        a, b = len(rows) // n, len(columns) // m  # atoms of this element in each molecule
        order, other_order = np.argsort(rows, kind="stable"), np.argsort(columns, kind="stable")
        flat = other[other_order].reshape(m * b * d, -1)
        part = np.empty((n, d, m, d))
        for start in range(0, n, BLOCK):
            chosen = order[start * a : (start + BLOCK) * a]
            k0 = scalar[chosen] @ other_scalar[other_order].T  # -> [n a, m b]
            k = tensor[chosen].reshape(len(chosen) * d, -1) @ flat.T
            k = k.reshape(-1, a, d, m, b, d) * k0.reshape(-1, a, 1, m, b, 1) ** (ZETA - 1)
            part[start : start + BLOCK] = k.sum(axis=(1, 4))
        total = total + part
    return total.reshape(n * d, m * d)


def kernel_within(described):
    """Kernel between all pairs of molecules of one set, a triangle computed and mirrored."""
    rows, _, tensor = next(iter(described.values()))
    n, d = rows.max() + 1, tensor.shape[1]
    K = np.empty((n * d, n * d))
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        part = kernel(between(described, start, end), between(described, 0, end))
        K[start * d : end * d, : end * d] = part
        K[: end * d, start * d : end * d] = part.T
    return K


def between(described, start, end):
    """Environments of the molecules from `start` on, before `end`."""
    found = {}
    for element, (rows, scalar, tensor) in described.items():
        chosen = (rows >= start) & (rows < end)
        found[element] = rows[chosen] - start, scalar[chosen], tensor[chosen]
    return found


def ridge_of(K, y, d, seed):
    """The ridge that predicts a fifth of the frames best, and its error."""
    frames = np.random.default_rng(seed).permutation(len(y) // d)
    held = np.isin(np.arange(len(y)) // d, frames[: len(frames) // 5])
    scale = np.trace(K) / len(K)
    errors = {}
    for ridge in RIDGES:
        try:
            w = solve(K[np.ix_(~held, ~held)], y[~held], ridge * scale)
            errors[ridge] = np.mean((K[np.ix_(held, ~held)] @ w - y[held]) ** 2)
        except np.linalg.LinAlgError:
            continue
    best = min(errors, key=errors.get)
    return best, np.sqrt(errors[best])


def solve_larger(K, y, ridge):
    """Weights; rounding may ask for a larger ridge on all frames than on a part of them."""
    scale = np.trace(K) / len(K)
    for larger in RIDGES[ridge <= RIDGES]:
        try:
            return solve(K, y, larger * scale)
        except np.linalg.LinAlgError:
            continue
    raise np.linalg.LinAlgError("no ridge makes the kernel matrix positive definite")


def solve(K, y, ridge):
    return cho_solve(cho_factor(K + ridge * np.eye(len(K)), lower=True), y)


def spherical(tensors, rank):
    """Spherical components (m = -rank ... rank, real) of dipoles or polarizabilities."""
    if rank == 1:
        return tensors[:, [1, 2, 0]]
    if rank == 0:
        return np.trace(tensors, axis1=1, axis2=2)[:, None] / np.sqrt(3)
    s = (tensors + tensors.transpose(0, 2, 1)) / 2
    return np.stack(
        [
            np.sqrt(2) * s[:, 0, 1],
            np.sqrt(2) * s[:, 1, 2],
            (2 * s[:, 2, 2] - s[:, 0, 0] - s[:, 1, 1]) / np.sqrt(6),
            np.sqrt(2) * s[:, 0, 2],
            (s[:, 0, 0] - s[:, 1, 1]) / np.sqrt(2),
        ],
        axis=1,
    )


def cartesian(parts):
    """Dipoles [n, 3], or polarizabilities [n, 3, 3], of spherical components."""
    if len(parts) == 1:
        return parts[0][:, [2, 0, 1]]
    basis = spherical(np.eye(9).reshape(9, 3, 3), 2)  # -> [9, 5]
    traceless = (parts[1] @ basis.T).reshape(-1, 3, 3)
    return traceless + parts[0][:, :, None] * np.eye(3) / np.sqrt(3)


if __name__ == "__main__":
    main()
