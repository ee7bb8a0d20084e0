"""Spectra: infrared and Raman, from trajectories and in the harmonic limit, in absolute units.

Everything here is a function of arrays.  Dipoles are in e Angstrom, polarizabilities in Angstrom^3,
times in fs, wavenumbers in cm^-1, infrared intensities in km/mol and Raman activities in
Angstrom^4/u.  A new kind of spectrum takes the spectrum of a rate of change
(:mod:`rpr.spectra.correlation`) and multiplies it by its prefactor; its harmonic limit goes to
:mod:`rpr.spectra.harmonic`, and a test shows that both agree for a trajectory of known modes.
"""
