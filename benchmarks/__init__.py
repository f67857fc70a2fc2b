"""Comparisons with other libraries and with hardware limits, run by `make bench`; not part of the tests."""
