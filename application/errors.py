"""What can go wrong around a decision, continuing the tree of `domain.errors`.

    PlangateError
    ├── IdempotencyKeyReused    the key was used before, with other arguments
    ├── ConcurrentChange        the plan kept changing; try again
    ├── LedgerError             the ledger cannot sign or prove
    │   ├── NothingRecorded     the log is empty
    │   ├── NoLedgerKey         the key is missing or cannot be used
    │   └── LedgerContradicted  the log, or a checkpoint, differs from the ledger
    ├── AnalysisMissing         a library that the computation needs is not installed
    ├── AlteredBundle           a bundle was altered; nothing of it was imported
    │   └── BundleTooNew        … or written by a newer plangate
    └── StoreError              the store cannot serve
        ├── NotAStore           the target holds something else, or is damaged
        ├── StoreTooNew         a newer plangate wrote it
        ├── StoreReadOnly       it can be read but not written
        ├── StoreReplaced       another file is at the store's path, or none
        ├── StoreFull           no space is left
        ├── PositionTaken       a copied event needs a position that is taken
        ├── HistoryDiffers      the target of a copy has another history of a plan
        ├── StoreNotEmpty       the target of a restore holds plans
        ├── StoreUnavailable    it did not answer in time, or failed to read or write
        │   └── ViewBehind      a view has not come to the requested position
        └── CorruptEvent        one stored event cannot be read; other plans can

Every store adapter translates the errors of its engine into these, and leaves
nothing half written.
"""

from plangate.domain.errors import PlangateError


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


class StoreError(PlangateError):
    """The store cannot serve. Nothing of the command was recorded."""


class NotAStore(StoreError):
    """The target is not a plangate store, or is damaged beyond reading."""


class StoreTooNew(StoreError):
    """A newer plangate wrote this store; this one could misread it."""


class StoreReadOnly(StoreError):
    """The store can be read but not written."""


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


class CorruptEvent(StoreError):
    """One stored event cannot be read. Its plan is unusable; other plans are not."""

    def __init__(self, plan_id: str, version: int, why: str, position: int | None = None) -> None:
        super().__init__(plan_id, version, why, position)
        self.plan_id = plan_id
        self.version = version
        self.why = why
        self.position = position

    def __str__(self) -> str:
        return f"event {self.plan_id}@{self.version} cannot be read: {self.why}"
