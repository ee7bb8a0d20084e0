"""Labels of frames: energy, forces, dipole moment and polarizability.

Everything here takes and returns ASE units (Angstrom, eV, eV/Angstrom, e Angstrom, Angstrom^3);
hartree and bohr stay inside.  Importing the package makes PySCF read an empty configuration file
of its own, because settings in ``~/.pyscf_conf.py`` would silently change the labels.
"""

import os
from pathlib import Path

os.environ["PYSCF_CONFIG_FILE"] = str(Path(__file__).with_name("pyscf_config.py"))
