"""Backups and checkups: what is done with the stores of one engine as a whole."""
