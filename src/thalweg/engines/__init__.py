"""Engines: who does the arithmetic of a rule."""
