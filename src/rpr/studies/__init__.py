"""Studies: frames and split indices in, one table out.

A study takes a :class:`~rpr.data.frame_set.FrameSet`, index arrays and plain settings, and returns
a :class:`pandas.DataFrame`.  Only :mod:`rpr.studies.tables`, :mod:`rpr.studies.exchange` (frames
and predictions of other programs) and :mod:`rpr.studies.minima_file` read and write files.  Tables
are in Debye (dipole), bohr^3 (polarizability), kcal/mol (energy) and kcal/mol/Angstrom (gradient),
and every row has its unit, size and seed.  They are drawn and put into words by :mod:`rpr.report`.
"""

from rpr.errors import require_package

require_package("pandas", extra="plots")
