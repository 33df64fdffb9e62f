"""Tamper evidence: a Merkle tree over the whole log, and what can be proved by it.

The tree is that of RFC 6962, the signed notes are C2SP checkpoints; nothing here is
cryptography of our own.
"""
