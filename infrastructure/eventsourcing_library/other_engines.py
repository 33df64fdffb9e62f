"""Events kept by any other engine of the `eventsourcing` family, chosen as its users know.

`PERSISTENCE_MODULE` names the module and further variables say where the engine
is. Most of these engines name a stream by a UUID and by nothing else, so each
event carries its plan's id in front of its stored bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    IntegrityError,
    Notification,
    StoredEvent,
)
from eventsourcing.utils import Environment

from plangate.application.errors import (
    ConcurrentChange,
    NotAStore,
    PositionTaken,
    StoreError,
    StoreUnavailable,
)
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore

_STREAMS: Final = UUID("5b0c57f3-3f0e-5d0c-9a5e-0f4c9a8d7e61")
_END_OF_ID: Final = b"\n"
"""No plan's id holds a line break."""

_Row = TypeVar("_Row", StoredEvent, Notification)


def other_engine_event_store(environment: Mapping[str, str]) -> RecorderEventStore:
    """The store on the engine that the environment describes.

    Each variable is looked up as `PLANGATE_…` first, and then without. Raises
    `NotAStore` for the engines that plangate knows itself, `StoreUnavailable` where
    there is no such engine, or where it lacks something.
    """
    variables = Environment("plangate", env=dict(environment))
    module = variables.get("PERSISTENCE_MODULE", "")
    if not module:
        raise NotAStore("PERSISTENCE_MODULE names no engine of the eventsourcing family")
    if module.startswith("eventsourcing."):
        raise NotAStore(f"plangate has a better store than {module}: name it by PLANGATE_DB")
    name = f"the engine {module}"
    with _translated(name, None):
        factory = InfrastructureFactory[Any].construct(variables)
        recorder = factory.application_recorder()
    log = _Log(recorder, name)

    def close() -> None:
        log.closed = True
        factory.close()

    return RecorderEventStore(
        log, translated=lambda plan_id: _translated(name, plan_id), close=close
    )


class _Log:
    """An engine's recorder, addressed by plan ids."""

    def __init__(self, recorder: ApplicationRecorder, name: str) -> None:
        self._recorder = recorder
        self._name = name
        self.closed = False

    def insert_events(self, stored_events: Sequence[StoredEvent]) -> Sequence[int] | None:
        """Record events of one plan, all or none."""
        return self._open().insert_events([_addressed(event) for event in stored_events])

    def insert_placed(self, _placed: Sequence[Notification]) -> None:
        """Refused: these engines give positions of their own."""
        raise PositionTaken(f"{self._name} gives positions of its own and keeps no others")

    def rewrite_events(
        self, _rewritten: Sequence[StoredEvent], _then: Sequence[StoredEvent]
    ) -> None:
        """Refused: these engines never change what they recorded."""
        raise StoreError(f"{self._name} never changes what it recorded; nothing can be erased")

    def select_events(
        self, originator_id: str, *, gt: int | None = None, lte: int | None = None
    ) -> Sequence[StoredEvent]:
        """A plan's events; most engines tell no positions here."""
        rows = self._open().select_events(_stream(originator_id), gt=gt, lte=lte)
        return [_returned(row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        *,
        topics: Sequence[str] = (),
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The log's events, in commit order."""
        rows = self._open().select_notifications(
            start, limit, topics=topics, inclusive_of_start=inclusive_of_start
        )
        return [_returned(row) for row in rows]

    def max_notification_id(self) -> int | None:
        """The position of the newest event; None or 0 without any."""
        return self._open().max_notification_id()

    def _open(self) -> ApplicationRecorder:
        if self.closed:
            raise StoreUnavailable(f"the store on {self._name} is closed")
        return self._recorder


def _stream(plan_id: str | UUID) -> UUID:
    return uuid5(_STREAMS, str(plan_id))


def _addressed(event: StoredEvent) -> StoredEvent:
    state = str(event.originator_id).encode() + _END_OF_ID + event.state
    return _with(event, _stream(event.originator_id), state)


def _returned(row: _Row) -> _Row:
    plan_id, _, state = row.state.partition(_END_OF_ID)
    return _with(row, plan_id.decode(errors="backslashreplace"), state)


def _with(row: _Row, name: str | UUID, state: bytes) -> _Row:
    return type(row)(**{**vars(row), "originator_id": name, "state": state})


@contextmanager
def _translated(name: str, plan_id: str | None) -> Iterator[None]:
    """What an engine raises, as `application.errors`; each has errors of its own."""
    try:
        yield
    except StoreError:
        raise
    except IntegrityError:
        raise ConcurrentChange(plan_id or "") from None
    except Exception as error:
        raise StoreUnavailable(f"{name} did not answer ({error})") from error
