"""The open tasks of a Markdown checklist."""

import re
from typing import Final

from plangate.domain.errors import InvalidInput, Problem

_ITEM: Final = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+\[(?P<box>[ xX~/-])\]\s+(?P<title>\S.*?)\s*$")
_DONE: Final = "xX-"


def tasks_of(checklist: str) -> list[str]:
    """The titles of its items that are not checked; raises `InvalidInput` without any."""
    items = filter(None, map(_ITEM.match, checklist.splitlines()))
    titles = [item["title"] for item in items if item["box"] not in _DONE]
    if not titles:
        problem = "holds no open item, as in `- [ ] Write the tests`"
        raise InvalidInput([Problem("checklist", problem)])
    return titles
