"""Thermal velocities: kT/2 in every vibration, none in translation and rotation."""

import numpy as np
import pytest
from ase.build import molecule as g2

from rpr.dynamics.velocities import boltzmann, kinetic_energy
from rpr.errors import InputError
from rpr.molecule.rigid_body import rigid_body_basis
from rpr.units import FS, KB

ATOMS = g2("CH3CH2OH")
MASSES = ATOMS.get_masses()


def draw(n, **settings):
    rng = np.random.default_rng(0)
    return np.array(
        [
            boltzmann(ATOMS.positions, MASSES, temperature_K=300.0, rng=rng, **settings)
            for _ in range(n)
        ]
    )


def test_every_degree_of_freedom_has_half_kt():
    weighted = draw(4000, rigid_body_motion=True) / FS * np.sqrt(MASSES)[:, None]
    variance = weighted.reshape(4000, -1).var(axis=0)
    assert np.allclose(variance, KB * 300.0, rtol=5 * np.sqrt(2 / 4000))


def test_vibrations_keep_their_energy_when_rotation_is_removed():
    """No rescaling: (3 n_atoms - 6) kT/2, not 3 n_atoms kT/2 in fewer degrees of freedom."""
    velocities = draw(4000)
    energy = kinetic_energy(velocities, MASSES)
    assert energy.mean() == pytest.approx(0.5 * 21 * KB * 300.0, rel=0.02)
    weighted = (velocities / FS * np.sqrt(MASSES)[:, None]).reshape(4000, -1)
    rigid = weighted @ rigid_body_basis(ATOMS.positions, MASSES)
    assert np.allclose(rigid, 0.0, atol=1e-12)


def test_no_net_momentum_and_angular_momentum():
    velocities = draw(5)
    arms = ATOMS.positions - ATOMS.get_center_of_mass()
    assert np.allclose(np.einsum("a,nai->ni", MASSES, velocities), 0.0, atol=1e-12)
    turning = np.einsum("a,nai->ni", MASSES, np.cross(arms, velocities))
    assert np.allclose(turning, 0.0, atol=1e-12)


def test_kinetic_energy_agrees_with_ase():
    velocities = draw(1)[0]
    atoms = ATOMS.copy()
    atoms.set_velocities(velocities / FS)
    assert kinetic_energy(velocities, MASSES) == pytest.approx(atoms.get_kinetic_energy())


def test_zero_temperature_is_at_rest_and_negative_is_refused():
    rng = np.random.default_rng(0)
    still = boltzmann(ATOMS.positions, MASSES, temperature_K=0.0, rng=rng)
    assert not still.any()
    with pytest.raises(InputError, match="temperature_K: found -5"):
        boltzmann(ATOMS.positions, MASSES, temperature_K=-5, rng=rng)
