"""Status views: the log laid out in tables, for queries across plans.

Each view is a pure fold over the events of a plan. Its rows are a function of the
log alone, so it can be dropped and rebuilt at any time. Decisions never read a view.
"""
