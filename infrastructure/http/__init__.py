"""plangate over HTTP: the API, and the server that runs it."""
