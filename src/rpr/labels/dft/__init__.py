"""One closed-shell frame by density-fitted DFT or Hartree-Fock, in atomic units.

Here live integrals, grids, the self-consistent field, its gradient and its response to an electric
field.  Orientations, properties in ASE units, and files are the business of :mod:`rpr.labels`.
Importing the package makes PySCF read an empty configuration file of its own, because settings in
``~/.pyscf_conf.py`` would silently change the labels.
"""

import os
from pathlib import Path

os.environ["PYSCF_CONFIG_FILE"] = str(Path(__file__).with_name("pyscf_config.py"))
