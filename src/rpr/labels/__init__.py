"""Labels of frames: energy, forces, dipole moment and polarizability.

This package takes and returns ASE units (Angstrom, eV, eV/Angstrom, e Angstrom, Angstrom^3);
hartree and bohr stay inside :mod:`rpr.labels.dft`.  A new engine provides ``compute(positions,
properties) -> Labels``, ``reset()``, ``get_state()`` and ``set_state(state)``, and is made by
:func:`rpr.labels.engine.make_engine`.
"""
