"""How one event of one plan is named, as in `billing@7`."""

import re
from typing import Final

from plangate.domain.vocabulary import MAX_IDENTIFIER

MAX_EVENT_ID: Final = MAX_IDENTIFIER + 20
"""The most characters of an event id: those of a plan id, `@`, and the largest version."""

_A_VERSION: Final = re.compile(r"[0-9]{1,18}")


def event_id(plan_id: str, version: int) -> str:
    """The name of one event of one plan, as in `billing@7`."""
    return f"{plan_id}@{version}"


def version_of(event_id: str) -> int | None:
    """The version an event id names, or None when it names none."""
    _, _, version = event_id.rpartition("@")
    return int(version) if _A_VERSION.fullmatch(version) else None
