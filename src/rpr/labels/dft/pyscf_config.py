# PySCF reads this file instead of a user's ~/.pyscf_conf.py, so that labels depend on the method
# alone. It stays empty.
