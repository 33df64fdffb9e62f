"""Where events are kept: adapters of `application.ports.EventStore`.

The `eventsourcing` library stands behind all of them and is imported nowhere
else. It brings connection pools, transactions and optimistic concurrency; the
stored bytes are ours, through one codec.
"""
