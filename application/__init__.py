"""What callers can ask of plangate, and what it needs to answer them.

`PlanRegistry` is the one door. It knows the domain and its own ports; which
store stands behind a port is decided in `infrastructure.bootstrap` alone.
"""
