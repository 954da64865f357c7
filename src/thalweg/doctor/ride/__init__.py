"""Riding along in a training loop, within a share of its time."""
