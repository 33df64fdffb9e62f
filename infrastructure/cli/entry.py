"""Where the command `plangate` starts: what it needs is the extra `cli`, which may be missing."""

import sys
from importlib.util import find_spec
from typing import Final

_NEEDED: Final = ("rich", "typer", "yaml")


def start() -> None:
    """Run the command line, or say what to install."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        sys.stderr.write(f"refused: a terminal needs {names}: pip install 'plangate[cli]'\n")
        sys.exit(3)  # refused, as in `exits`

    from plangate.infrastructure.cli.app import main

    main()
