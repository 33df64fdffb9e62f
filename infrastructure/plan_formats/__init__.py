"""Plans in files of other tools: which format a text is in, and the task lists in it."""
