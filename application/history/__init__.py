"""What can be made of a past that is kept whole: seen again, explained, checked, run again.

Everything here reads what was recorded; nothing decides anything about a plan.
"""
