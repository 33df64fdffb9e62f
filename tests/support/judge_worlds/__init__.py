"""Simulated judges with known bias, noise and drift, and what findings say of them.

`python -m tests.support.judge_worlds` prints the table of the docs page on findings.
"""
