"""Functions drawn from the posterior of a covariant model.

A function f drawn from the prior becomes one of the posterior by an update that takes it through
the observations y of the training frames X (Matheron's rule),

    draw(x) = f(x) + k(x, X) C^-1 (y - f(X) - noise),

with exact kernels in the update.  A draw from the prior is

    f(x) = sum_t T_t(x) q_t(z),    q_t(z) = sum_m w_mt phi_m(z),

with the functions phi of :mod:`rpr.regression.prior_functions` and normal weights w of variance
A_t, averaged over the permutation-inversion group.  The average is taken of the weights, once: an
image permutes both tensors and functions.

Source: Wilson et al., J. Mach. Learn. Res. 22, 105 (2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np

from rpr.errors import InputError
from rpr.models.covariant_tensors import unpack
from rpr.models.estimator import Frames
from rpr.models.property_estimator import checked_positions
from rpr.models.trained_process import TrainedProcess
from rpr.molecule.molecule import Molecule
from rpr.molecule.pairs import pair_permutations
from rpr.regression.contracted_kernel import ContractedKernel
from rpr.regression.prior_functions import FourierFeatures, PriorFeatures
from rpr.regression.resources import available_bytes, thread_map

_N_FOURIER = 512  # random frequencies of a draw
_BLOCK_ELEMENTS = 1 << 22  # values of functions that exist at once


class PriorDraws:
    """Functions drawn from the prior of variance 1: coefficients q_t(z) of the tensors.

    Parameters
    ----------
    process
        The trained process, whose kernel and range of features the functions have.
    streams
        Random numbers of every draw.

    Raises
    ------
    InputError
        If the memory does not hold so many draws.
    """

    def __init__(self, process: TrainedProcess, streams: Sequence[np.random.Generator]) -> None:
        kernel, description = process.kernel, process.training.description
        scalar, amplitudes, _ = kernel.split(process.theta)
        training = [part.features.reshape(-1, part.features.shape[2]) for part in kernel.sets]
        self._functions = PriorFeatures(scalar, np.concatenate(training))
        self.n_functions = self._functions.n_functions
        _check_memory(self.n_functions * len(amplitudes), len(streams))
        orders = pair_permutations(description.group.permutations)  # z(g X) = z(X)[order]
        index, signs = description.basis.images(
            description.group.permutations, description.group.parities
        )
        signs = signs * kernel.signs[:, None] / len(kernel.signs)
        permuted = [self._functions.permuted(order) for order in orders]
        roots = np.sqrt(amplitudes)
        self._fourier, self._fourier_weights = [], []
        self._weights = np.zeros((self.n_functions, len(streams), len(roots)))
        for k, rng in enumerate(streams):
            weights = rng.normal(size=(self.n_functions, len(roots))) * roots
            fourier = FourierFeatures.draw(scalar, _N_FOURIER, rng)
            of_fourier = rng.normal(size=(len(fourier.phases), len(roots))) * roots
            images = []
            for functions, tensors, sign in zip(permuted, index, signs, strict=True):
                self._weights[functions[:, None], k, tensors] += weights * sign
                image = np.zeros_like(of_fourier)
                image[:, tensors] = of_fourier * sign
                images.append(image)
            self._fourier.append([fourier.permuted(order) for order in orders])
            self._fourier_weights.append(images)

    def coefficients(self, features: np.ndarray, members: Sequence[int]) -> np.ndarray:
        """Coefficients [n, n_members, n_tensors] of chosen draws at features [n, n_features]."""
        return self._combine(self._functions(features), lambda fourier: fourier(features), members)

    def along(
        self, features: np.ndarray, changes: np.ndarray, members: Sequence[int]
    ) -> np.ndarray:
        """Their derivatives as the features change along `changes` [n, n_features]."""
        return self._combine(
            self._functions.along(features, changes),
            lambda fourier: fourier.along(features, changes),
            members,
        )

    def _combine(
        self,
        values: np.ndarray,
        of_fourier: Callable[[FourierFeatures], np.ndarray],
        members: Sequence[int],
    ) -> np.ndarray:
        weights = self._weights[:, members].reshape(self.n_functions, -1)
        result = (values @ weights).reshape(len(values), len(members), -1)
        for k, member in enumerate(members):
            pairs = zip(self._fourier[member], self._fourier_weights[member], strict=True)
            for fourier, image in pairs:
                result[:, k] += of_fourier(fourier) @ image
        return result


class PosteriorDraws(Sequence):
    """Functions drawn from the posterior; a sequence of :class:`PosteriorDraw`.

    Parameters
    ----------
    process
        The trained process.
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames.
    variance
        Scale of the process.
    mean
        Mean of the isotropic polarizability, which is added to the draws.
    n
        Number of draws.
    seed
        Seed of the random numbers.
    coefficients : array, [n, n_observations], or None
        `coefficients` of the same draws, if they were made before; then no system is solved.

    Attributes
    ----------
    coefficients : array, [n, n_observations]
        What every draw multiplies the covariances with the observations with.

    Raises
    ------
    InputError
        If `n` is less than 1, or `coefficients` have another shape.
    """

    def __init__(
        self,
        process: TrainedProcess,
        *,
        property: str,
        molecule: Molecule,
        variance: float,
        mean: float,
        n: int,
        seed: int,
        coefficients: np.ndarray | None = None,
    ) -> None:
        if n < 1:
            raise InputError(f"n: found {n}, expected at least one draw")
        self.property = property
        self.molecule = molecule
        self._process = process
        self._mean = mean
        self._deviation = float(np.sqrt(variance))
        self._n = n
        streams = [np.random.default_rng([seed, k]) for k in range(n)]
        self._prior = PriorDraws(process, streams)
        if coefficients is None:
            coefficients = self._condition(streams)
        expected = (n, len(process.coefficients))
        if coefficients.shape != expected:
            raise InputError(f"coefficients: found shape {coefficients.shape}, expected {expected}")
        self.coefficients = coefficients
        self._updates = [process.contract(row) for row in coefficients]

    def __repr__(self) -> str:
        return f"PosteriorDraws: {len(self)} draws of the {self.property}"

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> PosteriorDraw: ...
    @overload
    def __getitem__(self, index: slice) -> list[PosteriorDraw]: ...
    def __getitem__(self, index: int | slice) -> PosteriorDraw | list[PosteriorDraw]:
        """One draw by its number, or several by a slice."""
        if isinstance(index, slice):
            return [PosteriorDraw(self, k) for k in range(self._n)[index]]
        return PosteriorDraw(self, range(self._n)[index])

    def predict(self, frames: Frames, members: Sequence[int] | None = None) -> np.ndarray:
        """Property of every frame by every draw, in the laboratory.

        Parameters
        ----------
        frames
            A `FrameSet`, ASE atoms, or an array [n_frames, n_atoms, 3], Angstrom.
        members
            Numbers of the draws; the default is all of them.

        Returns
        -------
        array, [n_members, n_frames, 3] or [n_members, n_frames, 3, 3]
            e Angstrom or Angstrom^3.
        """
        chosen = list(range(self._n)) if members is None else list(members)
        positions = checked_positions(frames, self.molecule)
        update = ContractedKernel.joined([self._updates[k] for k in chosen])
        description = self._process.training.description

        def of_block(block: np.ndarray) -> np.ndarray:
            features = description.features(block)
            coefficients = self._deviation * self._prior.coefficients(features, chosen)
            coefficients += update.weights(features).reshape(coefficients.shape)
            return np.einsum("nst,ntc->snc", coefficients, description.basis(block))

        size = max(1, _BLOCK_ELEMENTS // max(1, self._prior.n_functions))
        blocks = np.array_split(positions, range(size, len(positions), size))
        packed = np.concatenate(thread_map(of_block, blocks), axis=1)
        if self.property == "dipole":
            return packed
        return unpack(packed) + self._mean * np.eye(3)

    def _condition(self, streams: Sequence[np.random.Generator]) -> np.ndarray:
        """Coefficients C^-1 (y - f(X) - noise) of the update of every draw."""
        process = self._process
        observed = process.observe(self._prior, range(self._n))  # -> [n_observations, n]
        noise = np.transpose([rng.normal(size=len(observed)) for rng in streams])
        observed += np.sqrt(process.noise_of_observations)[:, None] * noise
        solved = process.factor.solve(self._deviation * observed)
        return np.ascontiguousarray(process.coefficients - solved.T)


class PosteriorDraw:
    """One function drawn from the posterior.

    Attributes
    ----------
    property
        ``"dipole"`` or ``"polarizability"``.
    molecule
        Molecule of the frames.
    """

    def __init__(self, draws: PosteriorDraws, number: int) -> None:
        self.property = draws.property
        self.molecule = draws.molecule
        self._draws = draws
        self._number = number

    def predict(self, frames: Frames) -> np.ndarray:
        """Property in the laboratory: dipole [n_frames, 3] or polarizability [n_frames, 3, 3]."""
        return self._draws.predict(frames, [self._number])[0]


def _check_memory(numbers: int, n: int) -> None:
    """Refuse more draws, of so many numbers each, than the memory holds."""
    available = available_bytes()
    if 8 * numbers * (n + 2) > available:
        raise InputError(
            f"n: {n} draws need {8e-9 * numbers * (n + 2):.1f} GB and {1e-9 * available:.1f} GB "
            f"are free; at most {max(0, available // (8 * numbers) - 2)} draws fit"
        )
