"""Everything that plangate does in a SQLite file."""
