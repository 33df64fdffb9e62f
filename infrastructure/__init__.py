"""Adapters to the outside: stores, settings, plots and the command line.

`addresses` is the only module that knows every engine; `bootstrap` assembles registries.
"""
