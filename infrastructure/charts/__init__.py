"""Charts as SVG made on the server, each with the table behind it."""
