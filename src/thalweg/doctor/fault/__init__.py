"""What can go wrong with a training, one fault per file; the folder is the registry."""
