"""Everything that plangate does in a PostgreSQL schema."""
