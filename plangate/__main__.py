"""`python -m plangate`: the command line."""

from plangate.infrastructure.cli.entry import start

start()
