"""Scores from where they are made: the files of evaluation tools, and commands that are run.

None of the tools is needed to read what it wrote.
"""
