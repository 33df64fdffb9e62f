"""What can go wrong around a decision, continuing the tree of `domain.errors`.

    PlangateError
    ├── IdempotencyKeyReused    the key was used before, with other arguments
    ├── ConcurrentChange        the plan kept changing; try again
    │   └── TransactionConflict … under the caller's transaction; roll back and run that again
    ├── LedgerError             the ledger cannot sign or prove
    │   ├── NothingRecorded     the log is empty
    │   ├── NoLedgerKey         the key is missing or cannot be used
    │   └── LedgerContradicted  the log, or a checkpoint, differs from the ledger
    ├── KeyRefused              an API key is not in force
    ├── KeyNotFound             no such API key
    ├── AnalysisMissing         a library that the computation needs is not installed
    ├── AlteredBundle           a bundle was altered; nothing of it was imported
    │   └── BundleTooNew        … or written by a newer plangate
    ├── ErasesText              a bundle would erase text here; nothing of it was imported
    ├── DecisionsDiffer         a bundle's decisions are not those of the rules (strict import)
    └── StoreError              the store cannot serve
        ├── NotAStore           the target holds something else, or is damaged
        ├── StoreTooNew         a newer plangate wrote it
        ├── StoreReadOnly       it can be read but not written
        ├── StoreForbidden      a right is missing, which the message names
        ├── StoreReplaced       another file is at the store's path, or none
        ├── StoreFull           no space is left
        ├── PositionTaken       a copied event needs a position that is taken
        ├── HistoryDiffers      the target of a copy has another history of a plan
        ├── StoreNotEmpty       the target of a restore holds plans
        ├── TransactionRefused  the caller's transaction cannot be joined, or stands in the way
        ├── StoreUnavailable    it did not answer in time, or failed to read or write
        │   └── ViewBehind      a view has not come to the requested position
        ├── LogWentBack         events that were known before are no longer in the log
        └── UnreadableEvent     one stored event cannot be read; other plans can
            ├── CorruptEvent    … as it is damaged or missing
            │   └── PredecessorMissing  … nor recorded, as the plan's event before it is missing
            └── EventTooNew     … as a newer plangate wrote it; also a StoreTooNew

Every store adapter translates the errors of its engine into these, and leaves
nothing half written.
"""

from collections.abc import Mapping
from typing import Final

from plangate.domain.errors import PlangateError

_AT_MOST: Final = 10
"""How many plans a message names."""


class IdempotencyKeyReused(PlangateError):
    """An idempotency key came back with other arguments; nothing was recorded."""

    def __init__(self, plan_id: str, key: str) -> None:
        super().__init__(plan_id, key)
        self.plan_id = plan_id
        self.key = key

    def __str__(self) -> str:
        return (
            f"the idempotency key {self.key!r} was already used for another command on plan "
            f"{self.plan_id!r}; a retry repeats its arguments, a new command takes a new key"
        )


class ConcurrentChange(PlangateError):
    """Other writers changed the plan first, at each of many attempts; try again."""

    def __init__(self, plan_id: str) -> None:
        super().__init__(plan_id)
        self.plan_id = plan_id

    def __str__(self) -> str:
        return f"the plan {self.plan_id!r} kept changing under this command; try again"


class TransactionConflict(ConcurrentChange):
    """Another writer was first, and the caller's transaction cannot see what it recorded.

    Nothing was recorded. Only another transaction can do it: roll back, and run it again.
    """

    def __str__(self) -> str:
        return (
            "another writer recorded something that this transaction cannot see; roll it back"
            " and run it again"
        )


class LedgerError(PlangateError):
    """The ledger cannot sign or prove what was asked for. The log is unchanged."""


class NothingRecorded(LedgerError):
    """The log is empty: there is nothing to sign or prove."""

    def __str__(self) -> str:
        return "nothing is recorded yet: there is nothing to sign"


class NoLedgerKey(LedgerError):
    """The key for signing or checking is missing, or cannot be used."""


class LedgerContradicted(LedgerError):
    """The log, or a checkpoint, differs from the ledger."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"the ledger contradicts this: {self.why}; run `plangate ledger verify` for details"


class KeyRefused(PlangateError):
    """An API key is not in force; `why` says why, to its holder."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"the API key is refused: {self.why}"


class KeyNotFound(PlangateError):
    """There is no API key with this id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id

    def __str__(self) -> str:
        return f"there is no API key {self.key_id!r}"


class AnalysisMissing(PlangateError):
    """A library is not installed; the message names the extra that brings it."""


class AlteredBundle(PlangateError):
    """A bundle was altered, or the file is none. Nothing of it was imported.

    `line` counts the lines of the unpacked bundle from 1.
    """

    def __init__(self, line: int, why: str) -> None:
        super().__init__(line, why)
        self.line = line
        self.why = why

    def __str__(self) -> str:
        return f"the bundle cannot be imported: line {self.line}: {self.why}"


class BundleTooNew(AlteredBundle):
    """A newer plangate wrote the bundle; this one could misread it."""


class ErasesText(PlangateError):
    """Importing a bundle would erase text of plans in this store. Nothing was imported.

    `plans` maps each plan to the number of its events that would lose text.
    """

    def __init__(self, plans: Mapping[str, int]) -> None:
        super().__init__(plans)
        self.plans = dict(plans)

    def __str__(self) -> str:
        named = [f"{plan_id!r} (events with text: {n:,})" for plan_id, n in self.plans.items()]
        more = len(named) - _AT_MOST
        listed = ", ".join(named[:_AT_MOST]) + (f" and {more:,} more" if more > 0 else "")
        return (
            f"the bundle says that the text of these plans was erased, and it is still here: "
            f"{listed}; nothing was imported. To erase it here too, for good, import with "
            "follow_erasures=True (--follow-erasures)"
        )


class DecisionsDiffer(PlangateError):
    """A strict import found decisions that the rules do not make. Nothing was imported.

    `count` is how many; `event_id` and `why` are of the first.
    """

    def __init__(self, count: int, event_id: str, why: str) -> None:
        super().__init__(count, event_id, why)
        self.count = count
        self.event_id = event_id
        self.why = why

    def __str__(self) -> str:
        return (
            f"decisions in the bundle that are not those of the rules: {self.count:,}; the first "
            f"is {self.event_id}: {self.why}; nothing was imported"
        )


class StoreError(PlangateError):
    """The store cannot serve. Nothing of the command was recorded."""


class NotAStore(StoreError):
    """The target is not a plangate store, or is damaged beyond reading."""


class StoreTooNew(StoreError):
    """A newer plangate wrote this store; this one could misread it."""


class StoreReadOnly(StoreError):
    """The store can be read but not written."""


class StoreForbidden(StoreError):
    """A right is missing, or the server does not let this user in; the message says which.

    Trying again does not help.
    """


class StoreReplaced(StoreError):
    """The store's file was deleted, renamed or replaced while it was open."""


class StoreFull(StoreError):
    """No space is left for another event."""


class PositionTaken(StoreError):
    """Copied events need positions that are taken in this log, or that it cannot give."""


class HistoryDiffers(StoreError):
    """A plan to be copied is in the target already, with another history."""

    def __init__(self, plan_id: str, version: int) -> None:
        super().__init__(plan_id, version)
        self.plan_id = plan_id
        self.version = version

    def __str__(self) -> str:
        return (
            f"the plan {self.plan_id!r} is in the target already with another history: "
            f"they differ from event {self.plan_id}@{self.version} on"
        )


class StoreNotEmpty(StoreError):
    """The target of a restore holds plans; nothing was changed."""

    def __init__(self, store: str, events: int) -> None:
        super().__init__(store, events)
        self.store = store
        self.events = events

    def __str__(self) -> str:
        return (
            f"{self.store} holds plans (its last position is {self.events}); restore a backup only"
            " to a new or empty store, or to one where restoring this backup was interrupted"
        )


class TransactionRefused(StoreError):
    """A transaction of the caller cannot be joined, or stands in the way; nothing was recorded.

    The message says why: the connection is another driver's or leads to another store, it is
    in no transaction or in one that failed, or what was asked for is not possible inside.
    """


class StoreUnavailable(StoreError):
    """The store did not answer in time, or failed to read or write.

    Whether the command was recorded can be unknown; send it again with its
    idempotency key, and it is recorded once.
    """


class ViewBehind(StoreUnavailable):
    """A view has not come to the position that a query requires; try again later."""

    def __init__(self, view: str, position: int, required: int) -> None:
        super().__init__(view, position, required)
        self.view = view
        self.position = position
        self.required = required

    def __str__(self) -> str:
        return f"the view {self.view!r} is at {max(self.position, 0)}, not yet at {self.required}"


class UnreadableEvent(StoreError):
    """One stored event cannot be read. Its plan is unusable; other plans are not.

    Those who read the log of all plans go on after its `position`.
    """

    def __init__(self, plan_id: str, version: int, why: str, position: int | None = None) -> None:
        super().__init__(plan_id, version, why, position)
        self.plan_id = plan_id
        self.version = version
        self.why = why
        self.position = position

    def __str__(self) -> str:
        return f"event {self.plan_id}@{self.version} cannot be read: {self.why}"


class CorruptEvent(UnreadableEvent):
    """One stored event is damaged or missing."""


class EventTooNew(UnreadableEvent, StoreTooNew):
    """A newer plangate wrote the event, in a form that this one does not know."""

    def __str__(self) -> str:
        at = "" if self.position is None else f" (to go on behind it: after {self.position})"
        return f"{super().__str__()}; upgrade plangate{at}"


class PredecessorMissing(CorruptEvent):
    """An event cannot be recorded, because the plan's event before it is missing.

    `version` is that of the missing event. Nothing was recorded.
    """

    def __init__(self, plan_id: str, version: int) -> None:
        super().__init__(plan_id, version, "it is missing, so no later event can be recorded")
        self.args = (plan_id, version)


class LogWentBack(StoreError):
    """Events that this process knew are no longer in the log. Nothing was recorded.

    `version` is the last known one of the plan, which was at `position`; the log ends at
    `log_end` now. Plan and version are None where only a position was known, as when a feed
    continues after it. An older state of the store was restored, or a database server lost its
    newest events. Commands and questions raise it once: what this process remembered is
    dropped, and the next call works from what is in the log.
    """

    def __init__(
        self, plan_id: str | None, version: int | None, position: int | None, log_end: int
    ) -> None:
        super().__init__(plan_id, version, position, log_end)
        self.plan_id = plan_id
        self.version = version
        self.position = position
        self.log_end = log_end

    def __str__(self) -> str:
        if self.plan_id is None:
            return (
                f"the log went back: it ends at position {self.log_end}, before position"
                f" {self.position}, which was read before. Look at what is there now, then begin"
                " again after a position that it has"
            )
        at = "" if self.position is None else f" at position {self.position}"
        return (
            f"the log went back: event {self.plan_id}@{self.version}{at} is gone or replaced, and"
            f" the log ends at position {self.log_end}. Nothing was recorded. Look at the plan as"
            " it is now, then repeat what is missing"
        )
