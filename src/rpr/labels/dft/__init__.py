"""One closed-shell frame by density-fitted DFT or Hartree-Fock, in atomic units.

This package holds integrals, grids, the self-consistent field, its gradient and its response to an
electric field.  Orientations, ASE units and files are the business of :mod:`rpr.labels`.  PySCF is
made to read an empty configuration file, because a user's ``~/.pyscf_conf.py`` would silently
change the labels.
"""

import os
from pathlib import Path

os.environ["PYSCF_CONFIG_FILE"] = str(Path(__file__).with_name("pyscf_config.py"))
