"""The studies: frames and split indices in, one table out.

Every function here is pure: it takes a :class:`~rpr.datasets.FrameSet`, index arrays and plain
settings and returns a :class:`pandas.DataFrame`; it reads and writes no file. Tables carry Debye
(dipole), bohr^3 (polarizability), kcal/mol (energy) and kcal/mol/Angstrom (gradient), and every row
its unit, size and seed.
"""
