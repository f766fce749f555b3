"""`python -m kerasgan.cli`, for where the command itself is not on the path."""

from kerasgan.cli import main

main()
