"""Version of the package, from which the metadata of the distribution take it."""

__version__ = "0.1.0"
