"""Where each logarithm stands in the vector theta of all parameters of a covariant kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rpr.errors import InputError


@dataclass(frozen=True)
class ParameterLayout:
    """Places of the parameters: widths, variances, amplitudes, product scale, tensors, lambdas.

    There is a width (an inverse squared length scale) and a variance for each class of features, an
    amplitude for the product and for each order of interaction, and one for each class of tensors.
    A lambda is the variance of the noise, relative to the mean prior variance of the observations.

    Parameters
    ----------
    n_features, n_tensors
        Numbers of classes.
    order
        Order of interaction of the additive kernel.
    n_lambdas
        One; or two, of values and of derivatives.
    """

    n_features: int
    n_tensors: int
    order: int
    n_lambdas: int = 1

    @classmethod
    def of(
        cls,
        theta: np.ndarray,
        feature_classes: np.ndarray,
        tensor_classes: np.ndarray,
        n_lambdas: int = 1,
    ) -> ParameterLayout:
        """Layout of a vector, whose length says what the order is.

        Raises
        ------
        InputError
            If it is too short for these classes.
        """
        n_features, n_tensors = (int(np.max(c)) + 1 for c in (feature_classes, tensor_classes))
        order = len(theta) - len(cls(n_features, n_tensors, 0, n_lambdas))
        if order < 0:
            raise InputError(
                f"theta: found {len(theta)} parameters, expected at least {len(theta) - order}"
            )
        return cls(n_features, n_tensors, order, n_lambdas)

    def __len__(self) -> int:
        return 2 * self.n_features + self.order + 2 + self.n_tensors + self.n_lambdas

    @property
    def widths(self) -> slice:
        """Inverse squared length scales of the base kernels, one for each class of features."""
        return slice(0, self.n_features)

    @property
    def variances(self) -> slice:
        """Variances of the base kernels, one for each class of features."""
        return slice(self.n_features, 2 * self.n_features)

    @property
    def orders(self) -> slice:
        """Amplitudes of the orders of interaction, after that of the product."""
        return slice(2 * self.n_features + 1, 2 * self.n_features + 1 + self.order)

    @property
    def product_scale(self) -> int:
        """Place of the factor of the widths in the product."""
        return self.orders.stop

    @property
    def scalar(self) -> slice:
        """All parameters of the additive kernel: those before the tensors."""
        return slice(0, len(self) - self.n_tensors - self.n_lambdas)

    @property
    def tensors(self) -> slice:
        """Amplitudes of the classes of tensors."""
        return slice(self.scalar.stop, len(self) - self.n_lambdas)

    @property
    def lambdas(self) -> slice:
        """Ridge terms, of values first."""
        return slice(self.tensors.stop, len(self))
