"""Stores in memory, which end with the process."""
