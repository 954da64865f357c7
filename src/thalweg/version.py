"""The version, where even the lowest floor can read it."""

__version__ = "0.1.0"
