"""Small real data sets, one file each: a file here that declares a `Task` is a task."""
