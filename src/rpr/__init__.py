"""Rotate-predict-rotate: dipoles and polarizabilities by kernel ridge regression."""
