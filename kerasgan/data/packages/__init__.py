"""Readers of data sets that packages hold: from PyPI, npm and Debian. Nothing is downloaded here."""
