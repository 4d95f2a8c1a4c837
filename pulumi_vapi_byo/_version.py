"""The version of the package, defined here and only here."""

__version__ = "0.1.0"
