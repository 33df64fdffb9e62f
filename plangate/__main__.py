"""`python -m plangate`: the command line."""

from plangate.infrastructure.cli.app import main

main()
