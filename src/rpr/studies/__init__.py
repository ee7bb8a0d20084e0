"""Studies: frames and split indices in, one table out.

Every function here is pure: it takes a :class:`~rpr.data.frame_set.FrameSet`, index arrays and
plain settings, returns a :class:`pandas.DataFrame`, and reads and writes no file.  Tables carry
Debye (dipole), bohr^3 (polarizability), kcal/mol (energy) and kcal/mol/Angstrom (gradient), and
every row its unit, size and seed; drawing and wording them is the business of :mod:`rpr.report`.
"""
