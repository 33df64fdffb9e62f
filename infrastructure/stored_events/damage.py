"""The errors about stored records that this version cannot read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pydantic import ValidationError

from plangate.application.errors import CorruptEvent, EventTooNew
from plangate.application.recorded_event import StoredEntry

NOT_A_RECORD: Final = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""Raised by reading JSON that has not the shape of a stored record."""


@contextmanager
def requiring_a_record(entry: StoredEntry) -> Iterator[None]:
    """Raise `CorruptEvent` for an entry that has not the shape of a stored record."""
    try:
        yield
    except NOT_A_RECORD as error:
        raise corrupt(entry, f"it is not a stored record: {error!r}") from None


def corrupt(entry: StoredEntry, why: str) -> CorruptEvent:
    """The error about an entry that no version of plangate wrote so."""
    return CorruptEvent(entry.plan_id, entry.version, why, entry.position)


def too_new(entry: StoredEntry, unknown: str) -> EventTooNew:
    """The error about an entry that only a newer plangate can read."""
    why = f"{unknown} is not known to this plangate; a newer one wrote it"
    return EventTooNew(entry.plan_id, entry.version, why, entry.position)


def first_problem(error: ValidationError) -> str:
    """What is wrong with a record first, and where."""
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ".".join(map(str, problem["loc"]))
    return f"{path}: {problem['msg']}" if path else problem["msg"]
