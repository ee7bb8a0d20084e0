"""Dynamics: from a minimum to trajectories.

Here live optimisation, Wigner sampling, velocities, the Andersen thermostat, and batches of
trajectories on a learnt potential.  Forces come from an ASE calculator or any object with
``energies_and_forces``; nothing here knows how they are computed.
"""
