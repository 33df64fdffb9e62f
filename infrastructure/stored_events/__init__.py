"""The stored form of recorded events, readable by every later version."""
