"""Anharmonic bands and their infrared intensities by OVERTONE, on the calculator of `rpr`.

The same program with the same settings is run on the models and, with --reference, on GFN2-xTB
itself, for models that were trained on it: the difference is the error of the models alone.
"""

import argparse
import contextlib
import io
import tempfile

from ase.io import read
from ase.optimize import BFGS
from overtone import calculate_anharmonics

import rpr


def bands(start, make_calculator):
    """All bands of up to two quanta, by name."""
    atoms = start.copy()
    atoms.calc = make_calculator()
    BFGS(atoms, logfile=None).run(fmax=1e-5, steps=200)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        found = calculate_anharmonics(
            atoms, make_calculator, folder, derivative_source="forces", intensities=True
        )
    return {band.label: band for band in found.get_transitions()}


def gfn2_xtb():
    from tblite.ase import TBLite

    return TBLite(method="GFN2-xTB", verbosity=0, accuracy=0.01)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("start", help="geometry near a minimum, in any format of ASE")
    parser.add_argument("--potential", required=True, help="model file of the potential")
    parser.add_argument("--dipole", required=True, help="model file of the dipole")
    parser.add_argument("--reference", action="store_true", help="GFN2-xTB as well (needs tblite)")
    given = parser.parse_args()
    start = read(given.start)
    models = {"potential": given.potential, "dipole": given.dipole}
    found = [bands(start, lambda: rpr.Calculator(**models))]
    if given.reference:
        found.append(bands(start, gfn2_xtb))
    titles = ("harmonic", "VPT2", "km/mol")
    print(f"{'band':8}" + "".join(f"{t:>11}" for t in titles * len(found)))
    for label in found[0]:
        values = [x for one in found for x in (one[label].harmonic, one[label].energy)]
        intensities = [one[label].intensity for one in found]
        cells = [f"{v:11.2f}" for v in values]
        for k, value in enumerate(intensities):
            cells.insert(3 * k + 2, f"{value:11.3f}")
        print(f"{label:8}" + "".join(cells))


if __name__ == "__main__":
    main()
