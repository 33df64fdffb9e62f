"""What the terminal reads: options, files and traces."""
