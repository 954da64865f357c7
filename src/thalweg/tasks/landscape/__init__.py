"""Surfaces over the plane, one file each: a file here that declares a `Surface` is a task."""
