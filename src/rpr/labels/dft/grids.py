"""Integration grids with the orbital basis on them.

Arrays on the grid are kept with points last, [component, n_ao, n_points]: component 0 is the value
and 1, 2, 3 the gradient (4 to 9 the second derivatives xx, xy, xz, yy, yz, zz), so that orbitals
on the grid are plain matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rpr.labels.dft.workspace import Workspace

if TYPE_CHECKING:
    from pyscf import gto

BLOCK = 1792  #: points at a time; a multiple of PySCF's screening block of 56
CUTOFF = 1e-13  #: basis functions below it are zero, as in PySCF's grids
NEGLIGIBLE_WEIGHT = 1e-14  #: points of smaller weight are left out
BOX = 2.3  #: bohr: points in one box are neighbours in memory
_COMPONENTS = (1, 4, 10)


class Grid:
    """Points and weights of an electronic structure, and the basis on them, block by block.

    Parameters
    ----------
    mol
        PySCF molecule of the orbital basis.
    level
        Grid level of PySCF.
    """

    def __init__(self, mol: gto.Mole, level: int) -> None:
        from pyscf.dft import gen_grid

        grids = gen_grid.Grids(mol)
        grids.verbose = 0
        grids.level = level
        grids.build(with_non0tab=False, sort_grids=False)
        heavy = np.flatnonzero(np.abs(grids.weights) > NEGLIGIBLE_WEIGHT)
        order = heavy[_by_box(grids.coords[heavy])]
        self.mol = mol
        self.level = level
        self.points = np.asfortranarray(grids.coords[order])
        self.weights = grids.weights[order]
        self._mask = gen_grid.make_mask(mol, self.points, cutoff=CUTOFF)
        self._kept: list[np.ndarray] = []

    @property
    def is_kept(self) -> bool:
        """Whether the basis is served from memory."""
        return bool(self._kept)

    def keep(self, derivative: int, workspace: Workspace, name: str) -> None:
        """Evaluate the basis now, into `workspace`, and serve later blocks from memory."""
        self._kept = []
        count, n_points = _COMPONENTS[derivative], len(self.weights)
        store = workspace.array(name, (count * self.mol.nao * n_points,))
        for points in self._slices(BLOCK):
            begin, end = (count * self.mol.nao * k for k in (points.start, points.stop))
            self._kept.append(self._evaluate(points, derivative, store[begin:end]))

    def blocks(self, derivative: int, *, size: int = BLOCK) -> Iterator[tuple[slice, np.ndarray]]:
        """Slices of points and the basis on them, [component, n_ao, block].

        An array is valid until the next block is asked for.
        """
        count = _COMPONENTS[derivative]
        if self._kept and len(self._kept[0]) >= count:
            for points, basis in zip(self._slices(BLOCK), self._kept, strict=True):
                yield points, basis[:count]
            return
        buffer = np.empty(count * self.mol.nao * min(size, len(self.weights)))
        for points in self._slices(size):
            yield points, self._evaluate(points, derivative, buffer)

    def _slices(self, size: int) -> Iterator[slice]:
        n_points = len(self.weights)
        for begin in range(0, n_points, size):
            yield slice(begin, min(begin + size, n_points))

    def _evaluate(self, points: slice, derivative: int, buffer: np.ndarray) -> np.ndarray:
        name = "GTOval_sph" if derivative == 0 else f"GTOval_sph_deriv{derivative}"
        basis = self.mol.eval_gto(
            name,
            self.points[points],
            non0tab=self._mask[points.start // 56 :],
            cutoff=CUTOFF,
            out=buffer,
        )
        basis = basis if basis.ndim == 3 else basis[None]
        return basis.transpose(0, 2, 1)


def _by_box(points: np.ndarray) -> np.ndarray:
    """Order in which points of the same box follow each other.

    Blocks of points then lie close together, and most basis functions vanish on some of them.
    """
    low, high = np.percentile(points, [1, 99], axis=0)
    boxes = np.clip((points - low) / BOX, -1, (high - low) / BOX).astype(np.int32) + 1
    size = boxes.max(axis=0) + 1
    key = (boxes[:, 0] * size[1] + boxes[:, 1]) * size[2] + boxes[:, 2]
    # numpy sorts 16-bit integers by radix
    return np.argsort(key.astype(np.uint16) if key.max() < 2**16 else key, kind="stable")
