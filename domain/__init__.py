"""What a plan is, what can happen to it, and when it must be replanned.

Pure: the domain owns no clock, no storage, no framework and no ids of its own
making. It imports the standard library, pydantic (shapes) and rpds (persistent
maps), and nothing else.
"""
