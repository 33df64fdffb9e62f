"""Recorded commands made again: under the recorded policy, or under another."""
