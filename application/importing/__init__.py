"""Plans that other tools keep, brought here by ordinary commands, and only once."""
