"""Version of the installed package."""

from __future__ import annotations


def package_version() -> str:
    """Version of the distribution that ``rpr`` was installed from; "unknown" if it was not."""
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    for name in packages_distributions().get("rpr", []):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "unknown"
