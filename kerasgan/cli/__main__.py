"""`python -m kerasgan.cli`, if the command itself is not on the path."""

from kerasgan.cli import main

main()
