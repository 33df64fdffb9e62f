"""plangate at the terminal: for people, scripts and CI."""
