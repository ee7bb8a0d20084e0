"""The models that the studies compare, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rpr.augmented import AugmentedRegression
from rpr.covariant import CovariantRegression
from rpr.datasets import FrameSet
from rpr.errors import InputError
from rpr.handedness import CuredRPR
from rpr.molecule import Molecule
from rpr.rotate_predict_rotate import RotatePredictRotate
from rpr.symmetrized import SymmetrizedRPR
