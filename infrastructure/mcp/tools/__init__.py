"""The tools that agents call, one in each module."""
