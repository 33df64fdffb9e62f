"""Export plans to a sealed file, and import them into another store."""
