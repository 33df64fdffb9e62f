"""Plans of other tools, imported by ordinary commands, and only once."""
