"""`python -m thalweg.cli` is the command line too."""

from thalweg.cli import main

main()
