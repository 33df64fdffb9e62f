"""The commands: each asks the registry and hands the answer to its screen."""
