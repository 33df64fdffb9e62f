"""Stores that live in memory and end with the process."""
