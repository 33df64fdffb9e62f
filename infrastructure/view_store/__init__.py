"""Where views are kept: adapters of `application.ports.ViewStore`.

Views stand in the same database as the events, so that one transaction can hold
both, and one backup carries both.
"""
