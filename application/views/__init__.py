"""Status views: what stands in the log, laid out for questions across plans.

Each view is one pure fold over the events of a plan. Its rows are a function of
the log alone, so any of them can be thrown away and made again. Decisions never
look at a view.
"""
