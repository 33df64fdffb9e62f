"""What can go wrong around a decision, continuing the tree of `domain.errors`.

    PlangateError
    ├── IdempotencyKeyReused    the key was used before, with other arguments
    ├── ConcurrentChange        others kept changing the plan; try again
    ├── LedgerError             the ledger cannot sign or prove
    │   ├── NothingRecorded     the log is empty
    │   ├── NoLedgerKey         there is no key, or it cannot be used
    │   └── LedgerContradicted  the log, or a checkpoint, is not what the ledger has
    ├── AnalysisMissing         a figure needs a library that is not there
    ├── AlteredBundle           a bundle is not as it was written; nothing of it was taken in
    │   └── BundleTooNew        … or a newer plangate wrote it
    └── StoreError              the store cannot serve
        ├── NotAStore           what was named holds something else, or is damaged
        ├── StoreTooNew         a newer plangate wrote it
        ├── StoreReadOnly       it can be read but not written
        ├── StoreFull           no space is left
        ├── PositionTaken       a copied event asked for a place that is taken
        ├── HistoryDiffers      a plan is in the target of a copy with another history
        ├── StoreNotEmpty       a backup was to take the place of plans
        ├── StoreUnavailable    it did not answer in time, or failed to read or write
        │   └── ViewBehind      a view did not reach the position that was named
        └── CorruptEvent        one stored event cannot be read; other plans can

Every store adapter translates what its engine raises into these; none of them
leaves anything half written.
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
    """Somebody else changed the plan first, as often as it was tried; try again."""

    def __init__(self, plan_id: str) -> None:
        super().__init__(plan_id)
        self.plan_id = plan_id

    def __str__(self) -> str:
        return f"the plan {self.plan_id!r} kept changing under this command; try again"


class LedgerError(PlangateError):
    """The ledger cannot sign or prove what was asked for. The log is as it was."""


class NothingRecorded(LedgerError):
    """Nothing is recorded yet that could be signed or proved."""

    def __str__(self) -> str:
        return "nothing is recorded yet: there is nothing to sign"


class NoLedgerKey(LedgerError):
    """There is no key to sign or to check by, or it cannot be used."""


class LedgerContradicted(LedgerError):
    """The log, or a checkpoint, is not what the ledger has."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return f"the ledger says otherwise: {self.why}; `plangate ledger verify` tells more"


class AnalysisMissing(PlangateError):
    """A figure needs a library that is not installed; the message says which extra brings it."""


class AlteredBundle(PlangateError):
    """A bundle is not as it was written, or is none. Nothing of it was taken in.

    `line` counts the lines of the bundle, unpacked, from 1.
    """

    def __init__(self, line: int, why: str) -> None:
        super().__init__(line, why)
        self.line = line
        self.why = why

    def __str__(self) -> str:
        return f"the bundle cannot be taken in: line {self.line}: {self.why}"


class BundleTooNew(AlteredBundle):
    """A newer plangate wrote the bundle; this one would misread it."""


class StoreError(PlangateError):
    """The store cannot serve. Nothing of the command was recorded."""


class NotAStore(StoreError):
    """What was named is no plangate store, or is damaged beyond reading."""


class StoreTooNew(StoreError):
    """A newer plangate wrote this store; this one would misread it."""


class StoreReadOnly(StoreError):
    """The store can be read but not written."""


class StoreFull(StoreError):
    """No space is left for another event."""


class PositionTaken(StoreError):
    """Events were to keep positions that this log has given away already, or cannot give."""


class HistoryDiffers(StoreError):
    """A plan that was to be copied is in the target already, and went on differently there."""

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
    """A backup was to be restored where plans are; nothing was changed."""

    def __init__(self, store: str, events: int) -> None:
        super().__init__(store, events)
        self.store = store
        self.events = events

    def __str__(self) -> str:
        return (
            f"{self.store} holds plans (its log reaches position {self.events}); a backup goes only"
            " where no store is yet, into an empty one, or on where this backup was cut short"
        )


class StoreUnavailable(StoreError):
    """The store did not answer in time, or failed to read or write.

    Whether the command was recorded can be unknown; send it again with its
    idempotency key, and it is recorded once.
    """


class ViewBehind(StoreUnavailable):
    """A view did not come as far as the question demanded; ask again, or demand less."""

    def __init__(self, view: str, position: int, wanted: int) -> None:
        super().__init__(view, position, wanted)
        self.view = view
        self.position = position
        self.wanted = wanted

    def __str__(self) -> str:
        return f"the view {self.view!r} stands at {max(self.position, 0)}, not yet at {self.wanted}"


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
