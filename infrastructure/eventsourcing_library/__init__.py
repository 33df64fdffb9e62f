"""Event stores on recorders of the `eventsourcing` library.

The library brings connection pools, transactions and optimistic concurrency; the stored
bytes are ours, through one codec.
"""
