"""The ids that a command makes for its new plan and tasks."""

import hashlib
from dataclasses import dataclass

from plangate.application.event_store import NewId
from plangate.application.validation import validate_identifier

PLAN_ID_DIGITS = 12
TASK_ID_DIGITS = 8


def derived_id(digits: int, *parts: object) -> str:
    """An id of so many hex digits that depends on `parts` alone."""
    text = "\0".join(map(str, parts))
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


@dataclass(frozen=True, slots=True)
class DraftIds:
    """The ids a command makes: derived from its idempotency key, so that a retry makes the same.

    Without a key they are random.
    """

    new_id: NewId
    key: str | None

    def plan(self) -> str:
        """The id of a new plan."""
        return self._id(PLAN_ID_DIGITS, "plan")

    def task(self, number: int) -> str:
        """The id of the command's n-th new task."""
        return self._id(TASK_ID_DIGITS, "task", number)

    def _id(self, digits: int, kind: str, *number: int) -> str:
        if self.key is None:
            return validate_identifier("new_id", self.new_id(digits))
        return derived_id(digits, kind, self.key, *number)
