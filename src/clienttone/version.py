"""The version, where both the build and the package read it without cost."""

__version__ = "0.3.0"
