"""Benchmarks of plangate beside its limit and beside what else could be used: `make bench`."""
