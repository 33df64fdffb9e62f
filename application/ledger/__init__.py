"""Tamper evidence: a Merkle tree over the whole log, with signed checkpoints and proofs.

The tree is that of RFC 6962, and checkpoints are C2SP signed notes.
"""
