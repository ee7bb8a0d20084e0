"""The graph of atoms and bonds: neighbours, and the ways to lay one graph upon another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

Bonds = Sequence[tuple[int, int]]


def neighbours(n_atoms: int, bonds: Bonds) -> list[list[int]]:
    """Atoms that each atom is bonded to, sorted."""
    near: list[list[int]] = [[] for _ in range(n_atoms)]
    for i, j in bonds:
        near[i].append(j)
        near[j].append(i)
    return [sorted(atoms) for atoms in near]


def isomorphisms(
    symbols: Sequence[str],
    bonds: Bonds,
    other_symbols: Sequence[str] | None = None,
    other_bonds: Bonds | None = None,
    keeps: Callable[[Mapping[int, int], int], bool] | None = None,
) -> Iterator[list[int]]:
    """Ways to assign the atoms of another bond graph to those of a first, found by backtracking.

    Parameters
    ----------
    symbols, bonds
        The first graph.
    other_symbols, other_bonds
        The other graph; the default is the first, whose automorphisms then come out.
    keeps
        Function of the images of some atoms and of the last of these atoms, which says whether
        assignments that begin so are wanted; all are by default.

    Yields
    ------
    list of int, [n_atoms]
        Atom ``image[i]`` of the other graph has the element and the bonds of atom ``i`` of the
        first.

    Examples
    --------
    >>> list(isomorphisms("OHH", [(0, 1), (0, 2)], "HOH", [(0, 1), (1, 2)]))
    [[1, 0, 2], [1, 2, 0]]
    """
    n = len(symbols)
    near = neighbours(n, bonds)
    other_near = near if other_bonds is None else neighbours(n, other_bonds)
    colours = _colours([*symbols, *(other_symbols or symbols)], near, other_near)
    mine, theirs = colours[:n], colours[n:]
    if sorted(mine) != sorted(theirs):
        return
    bonded = [frozenset(atoms) for atoms in near]
    other_bonded = [frozenset(atoms) for atoms in other_near]
    order = _walk(near)

    def extend(image: dict[int, int]) -> Iterator[list[int]]:
        if len(image) == n:
            yield [image[atom] for atom in range(n)]
            return
        atom = order[len(image)]
        for target in range(n):
            if theirs[target] != mine[atom] or target in image.values():
                continue
            if all((a in bonded[atom]) == (b in other_bonded[target]) for a, b in image.items()):
                extended = {**image, atom: target}
                if keeps is None or keeps(extended, atom):
                    yield from extend(extended)

    yield from extend({})


def _colours(symbols: list[str], near: list[list[int]], other_near: list[list[int]]) -> list[str]:
    """Classes of atoms of both graphs that cannot be mixed: symbols, refined by neighbours'."""
    shifted = [[len(near) + j for j in atoms] for atoms in other_near]
    colours, together = symbols, [*near, *shifted]
    for _ in range(len(near)):
        keys = [
            (colours[i], *sorted(colours[j] for j in atoms)) for i, atoms in enumerate(together)
        ]
        order = {key: f"{rank:06d}" for rank, key in enumerate(sorted(set(keys)))}
        refined = [order[key] for key in keys]
        if len(set(refined)) == len(set(colours)):
            break
        colours = refined
    return colours


def _walk(near: list[list[int]]) -> list[int]:
    """Atoms in an order in which each is bonded to an earlier one: wrong attempts then end soon."""
    order: list[int] = []
    for start in range(len(near)):
        queue = [start] if start not in order else []
        while queue:
            atom = queue.pop(0)
            if atom not in order:
                order.append(atom)
                queue.extend(near[atom])
    return order
