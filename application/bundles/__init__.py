"""Plans written into one sealed file, and read back from it."""
