"""Dynamics: from a minimum to trajectories.

This package holds optimisation, initial conditions, the Andersen thermostat, and batches of
trajectories on a learnt potential.  Forces come from an ASE calculator, or for batches from any
object with ``predict(positions)``; nothing here knows how they are computed.
"""
