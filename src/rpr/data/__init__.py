"""Frames: in memory, in files, split into sets, summarised, and made up for tests.

A :class:`~rpr.data.frame_set.FrameSet` holds the frames of one molecule in the units of ASE
(Angstrom, eV, eV/Angstrom, e Angstrom, Angstrom^3).  How labels are computed is in
:mod:`rpr.labels`; the folder of deposited frames is read in :mod:`rpr.run.deposit`.
"""
