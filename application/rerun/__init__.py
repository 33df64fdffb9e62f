"""Recorded commands, recovered from their events and decided again, plan after plan."""
