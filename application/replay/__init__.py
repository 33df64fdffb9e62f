"""Decide recorded commands again, under the recorded policy or another."""
