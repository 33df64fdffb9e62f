"""The names by which requests ask for a server, as its checks of `Host` compare them."""

import re
from typing import Final

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names that a machine has for itself, which no name server can give to another."""

_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]]+)(:[0-9]{1,5})?", re.IGNORECASE)


def host_name(host: str) -> str | None:
    """The name in a `Host` header, without its port; None where it is malformed."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else None
