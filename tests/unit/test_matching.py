"""Atoms in any order are matched as the labels of the molecule need it, or refused."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as build
from ase.calculators.singlepoint import SinglePointCalculator

from rpr.data.extxyz import write_frames
from rpr.data.frame_set import FrameSet
from rpr.data.given_frames import take_frames
from rpr.data.synthetic import analytic_labels, dichloroethane, random_frames
from rpr.errors import InputError
from rpr.models.covariant import CovariantRegression
from rpr.models.kreg.potential import KREG
from rpr.molecule.matching import matcher
from rpr.molecule.molecule import Molecule, find_bonds
from rpr.molecule.permutation_inversion import find_group

MOLECULE = dichloroethane()
FRAMES = random_frames(MOLECULE, 40, seed=5)
RNG = np.random.default_rng(11)
CHIRAL = Molecule.from_atoms(  # bromochlorofluoromethane
    Atoms(
        "CHFClBr",
        [[0, 0, 0], [0, 0, 1.09], [1.3, 0, -0.44], [-0.83, 1.44, -0.59], [-0.91, -1.57, -0.65]],
    )
)


def shuffled(positions, symbols, order):
    return Atoms([symbols[i] for i in order], positions=positions[order])


def feasible(molecule):
    group = find_group(molecule)
    return {tuple(p) for p in group.permutations[~group.inversions]}


@pytest.mark.parametrize(
    "molecule",
    [
        MOLECULE,
        *(Molecule.from_atoms(build(name)) for name in ("CH3OH", "NH3", "C2H4", "H2O2", "C6H6")),
        CHIRAL,
    ],
    ids=lambda m: "".join(m.symbols),
)
def test_an_order_is_found_up_to_feasible_permutations(molecule):
    allowed = feasible(molecule)
    for positions in random_frames(molecule, 5, seed=1, displacement=0.06):
        order = RNG.permutation(molecule.n_atoms)
        atoms = shuffled(positions, molecule.symbols, order)
        found = matcher(molecule).order(atoms.get_chemical_symbols(), atoms.positions, "frame")
        assert tuple(order[found]) in allowed


def test_exchanged_hydrogens_of_one_carbon_are_no_symmetry():
    order = [0, 1, 2, 3, 5, 4, 6, 7]  # elements and bonds stay, the handedness of a carbon does not
    frames = FrameSet(MOLECULE.symbols, FRAMES[:, order])
    given = take_frames(frames, MOLECULE)
    assert all(tuple(np.array(order)[o]) in feasible(MOLECULE) for o in given.orders)
    np.testing.assert_array_equal(given.in_given_order(given.positions), frames.positions)
    assert take_frames(frames, MOLECULE, handed=False).orders is None


def test_frames_in_order_stay_as_they_are():
    frames = FrameSet(MOLECULE.symbols, FRAMES)
    for given in (frames, list(frames), FRAMES):
        taken = take_frames(given, MOLECULE)
        assert taken.orders is None
        np.testing.assert_array_equal(taken.positions, FRAMES)


def test_frames_of_several_orders_come_back_in_theirs():
    orders = [RNG.permutation(8) for _ in range(3)] * 2 + [np.arange(8)]
    images = [shuffled(x, MOLECULE.symbols, o) for x, o in zip(FRAMES, orders, strict=False)]
    given = take_frames(images, MOLECULE)
    back = given.in_given_order(given.positions)
    for image, x in zip(images, back, strict=True):
        np.testing.assert_array_equal(image.positions, x)
    tensors = RNG.normal(size=(7, 3, 8, 3))
    turned = given.in_molecule_order(np.moveaxis(given.in_given_order(tensors, axis=2), 2, 1))
    np.testing.assert_array_equal(np.moveaxis(turned, 1, 2), tensors)


def test_a_stretched_bond_is_still_a_bond():
    positions = FRAMES[0].copy()
    positions[0] += 0.55 * (positions[0] - positions[1]) / 1.79  # beyond 1.2 covalent radii
    order = RNG.permutation(8)
    atoms = shuffled(positions, MOLECULE.symbols, order)
    found = matcher(MOLECULE).order(atoms.get_chemical_symbols(), atoms.positions, "frame")
    assert tuple(order[found]) in feasible(MOLECULE)


def test_other_molecules_are_refused():
    isomer = build("CH3CH2Cl")
    chlorine = isomer.symbols.search("Cl")[0]
    carbon = next(a + b - chlorine for a, b in find_bonds(isomer) if chlorine in (a, b))
    near = [a + b - carbon for a, b in find_bonds(isomer) if carbon in (a, b)]
    isomer.symbols[next(atom for atom in near if isomer[atom].symbol == "H")] = "Cl"
    with pytest.raises(InputError, match=r"found C\(C,Cl,Cl,H\) .*, expected C\(C,Cl,H,H\)"):
        take_frames(isomer, MOLECULE)
    with pytest.raises(InputError, match="found atoms O H H, expected Cl C C Cl H H H H"):
        take_frames(build("H2O"), MOLECULE)


def test_mirror_images_of_a_chiral_molecule_are_refused_in_another_order():
    mirror = CHIRAL.to_atoms(-CHIRAL.reference)[[1, 0, 2, 3, 4]]
    with pytest.raises(InputError, match="mirror image or another stereoisomer"):
        take_frames(mirror, CHIRAL)


def test_cis_is_not_taken_for_trans():
    trans = build("C2H4")
    trans.symbols[[2, 4]] = "Cl"
    trans.positions[[2, 4]] += 0.6 * (trans.positions[[2, 4]] - trans.positions[[0, 1]])
    cis = trans.copy()
    cis.symbols[[4, 5]] = ["H", "Cl"]
    molecule = Molecule.from_atoms(trans)
    cis.positions[4] -= 0.375 * (cis.positions[4] - cis.positions[1])
    cis.positions[5] += 0.6 * (cis.positions[5] - cis.positions[1])
    assert take_frames(trans[[1, 0, 2, 3, 4, 5]], molecule) is not None
    with pytest.raises(InputError, match="another stereoisomer"):
        take_frames(cis, molecule)


@pytest.fixture(scope="module")
def labelled():
    dipole, polarizability = analytic_labels(FRAMES, MOLECULE)
    i, j = np.array(MOLECULE.bonds).T
    bonds = FRAMES[:, i] - FRAMES[:, j]
    forces = np.zeros_like(FRAMES)
    for k, vectors in enumerate(np.moveaxis(bonds, 1, 0)):
        forces[:, i[k]] -= vectors
        forces[:, j[k]] += vectors
    energy = 0.5 * (bonds**2).sum(axis=(1, 2))
    labels = {"dipole": dipole, "polarizability": polarizability}
    return FrameSet(MOLECULE.symbols, FRAMES, energy=energy, forces=forces, **labels)


def given_as(kind, frames, tmp_path):
    if kind == "atoms":
        return list(frames)
    if kind == "shuffled":
        order = RNG.permutation(8)
        return [image[order] for image in map(with_results_kept, frames)]
    if kind == "file":
        write_frames(tmp_path / "frames.extxyz", frames)
        return tmp_path / "frames.extxyz"
    return frames


def with_results_kept(image):
    """Atoms whose labels are in `info` and `arrays`, so that they survive a change of order."""
    for name, value in image.calc.results.items():
        (image.arrays if name == "forces" else image.info)[name] = value
    image.calc = None
    return image


@pytest.mark.parametrize("kind", ["frames", "atoms", "shuffled", "file"])
def test_models_take_frames_and_labels_in_any_form(kind, labelled, tmp_path):
    settings = {"molecule": MOLECULE, "n_search": 15, "max_iterations": 2}
    kreg = {"molecule": MOLECULE, "sigma": 2.0, "lambda_energy": 1e-8, "lambda_forces": 1e-8}
    given = given_as(kind, labelled, tmp_path)
    for property in ("dipole", "polarizability"):
        expected = CovariantRegression(property=property, **settings).fit(labelled)
        model = CovariantRegression(property=property, **settings).fit(given)
        wanted = expected.predict(FRAMES)
        tolerance = 1e-6 * np.abs(wanted).max()
        np.testing.assert_allclose(model.predict(given), wanted, rtol=0, atol=tolerance)
        assert model.score(given) > 0.99
    expected = KREG(**kreg).fit(labelled).predict(FRAMES)
    model = KREG(**kreg).fit(given)
    energy, forces = model.predict(given)
    np.testing.assert_allclose(energy, expected[0], rtol=0, atol=1e-6)
    in_order = take_frames(given, MOLECULE, handed=False).in_molecule_order(forces)
    assert np.sqrt(np.mean((in_order - labelled.forces) ** 2)) < 1e-2
    if kind != "shuffled":  # end over end is a symmetry of the molecule, not of this potential
        np.testing.assert_allclose(forces, expected[1], rtol=0, atol=1e-6)


def test_derivatives_are_learnt_and_predicted_in_the_order_of_the_atoms(labelled):
    derivatives = np.stack(
        [
            np.stack([slope(FRAMES[:6], atom, x) for x in range(3)], axis=1)
            for atom in range(MOLECULE.n_atoms)
        ],
        axis=1,
    )
    few = FrameSet(
        MOLECULE.symbols,
        FRAMES[:6],
        dipole=labelled.dipole[:6],
        dipole_derivatives=derivatives,
    )
    pairs = {"molecule": MOLECULE, "n_search": 6, "n_search_derivatives": 2, "max_iterations": 2}
    expected = CovariantRegression(**pairs).fit(few, derivatives=True)
    orders = [RNG.permutation(8) for _ in range(6)]
    images = [with_results_kept(image)[order] for image, order in zip(few, orders, strict=True)]
    model = CovariantRegression(**pairs).fit(images, derivatives=True)
    _, wanted = expected.predict(FRAMES[6:12], derivatives=True)
    others = [shuffled(x, MOLECULE.symbols, o) for x, o in zip(FRAMES[6:12], orders, strict=True)]
    _, found = model.predict(others, derivatives=True)
    wanted = np.stack([jacobian[:, order] for jacobian, order in zip(wanted, orders, strict=True)])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5)
    assert np.abs(found - wanted[:, :, ::-1]).max() > 0.1


def slope(positions, atom, x):
    """Central difference of the dipoles by one coordinate, [n_frames, 3]."""
    step = np.zeros_like(positions)
    step[:, atom, x] = 1e-4
    plus, minus = (analytic_labels(positions + s * step, MOLECULE)[0] for s in (1, -1))
    return (plus - minus) / 2e-4


@pytest.mark.parametrize("shape", [(9,), (3, 3)])
def test_labels_of_a_plain_script_of_ase_are_taken(shape, labelled):
    images = []
    for k, positions in enumerate(FRAMES):
        image = MOLECULE.to_atoms(positions)
        image.info["polarizability"] = labelled.polarizability[k].reshape(shape)
        results = {"energy": labelled.energy[k], "forces": labelled.forces[k]}
        image.calc = SinglePointCalculator(image, dipole=labelled.dipole[k], **results)
        images.append(image)
    settings = {"molecule": MOLECULE, "n_search": 15, "max_iterations": 2}
    for property in ("dipole", "polarizability"):
        model = CovariantRegression(property=property, **settings).fit(images)
        expected = CovariantRegression(property=property, **settings).fit(labelled)
        np.testing.assert_array_equal(model.predict(FRAMES), expected.predict(FRAMES))


def test_labels_of_atoms_that_moved_since_are_not_taken(labelled):
    images = list(labelled)
    images[3].rattle(0.01)
    model = CovariantRegression(molecule=MOLECULE, n_search=15, max_iterations=2)
    with pytest.raises(InputError, match="frame 3: its dipole was computed for other positions"):
        model.fit(images)
