"""Events in any other engine of the `eventsourcing` library, chosen by `PERSISTENCE_MODULE`.

That variable names the module; the engine's own variables say where it is. Most engines
identify a stream by a UUID alone, so each event has its plan's id before its stored bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
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
from typing_extensions import override

from plangate.application import errors
from plangate.application.event_store import KeyUsed
from plangate.application.plan_log import known_position
from plangate.application.recorded_event import StoredEntry
from plangate.infrastructure.eventsourcing_library import recorder
from plangate.infrastructure.eventsourcing_library.recorder_store import RecorderEventStore

_STREAMS: Final = UUID("5b0c57f3-3f0e-5d0c-9a5e-0f4c9a8d7e61")
_END_OF_ID: Final = b"\n"
"""No plan's id holds a line break."""

_PAGE: Final = 1_000

_Row = TypeVar("_Row", StoredEvent, Notification)


def other_engine_event_store(environment: Mapping[str, str]) -> RecorderEventStore:
    """The store on the engine that the environment describes.

    Each variable is looked up as `PLANGATE_…` first, then without the prefix. Raises
    `NotAStore` for engines that plangate has adapters for, `StoreUnavailable` where
    the engine is missing or cannot be opened.
    """
    variables = Environment("plangate", env=dict(environment))
    module = variables.get("PERSISTENCE_MODULE", "")
    if not module:
        raise errors.NotAStore("PERSISTENCE_MODULE names no engine of the eventsourcing library")
    if module.startswith("eventsourcing."):
        raise errors.NotAStore(f"plangate has a better store than {module}: name it by PLANGATE_DB")
    name = f"the engine {module}"
    with _translated(name, None):
        factory = InfrastructureFactory[Any].construct(variables)
        engine = factory.application_recorder()
    log = _Log(engine, name)

    def close() -> None:
        log.closed = True
        factory.close()

    return RecorderEventStore(
        log, translated=lambda plan_id: _translated(name, plan_id), close=close
    )


class _Log(recorder.Recorder):
    """An engine's recorder, addressed by plan ids."""

    def __init__(self, engine: ApplicationRecorder, name: str) -> None:
        self._engine = engine
        self._name = name
        self._once = Lock()
        self.closed = False

    @override
    def append_events(
        self,
        events: Sequence[StoredEvent],
        after: StoredEntry | None,
        unused_key: str | None = None,
    ) -> int | None:
        if unused_key is not None:
            with self._once:
                recorder.require_unused(unused_key, self.plans_with_key(unused_key))
                return self.append_events(events, after)
        # The library's engines have no condition on other events: another process could
        # remove events between this look and the insertion, and nothing else.
        for first in recorder.first_of_each_plan(events):
            stream = _stream(first.originator_id)
            newest = self._open().select_events(stream, desc=True, limit=1)
            found = _returned(newest[0]) if newest else None
            recorder.require_newest(found, first, after)
            after = None
        positions = self._open().insert_events([_addressed(event) for event in events])
        return positions[-1] if positions else None

    @override
    def insert_placed(self, placed: Sequence[Notification]) -> None:
        raise errors.PositionTaken(f"{self._name} assigns its own positions and keeps no others")

    @override
    def plans_with_key(self, key: str) -> Sequence[str]:
        found, after = [], 0
        while page := self.log_entries(after, _PAGE):
            found += [one.plan_id for one in page if recorder.has_key(one, key)]
            after = known_position(page[-1].position)
        return found

    @override
    def rewrite_events(
        self,
        rewritten: Sequence[StoredEvent],
        then: Sequence[StoredEvent],
        after: StoredEntry | None,
    ) -> int | None:
        raise errors.StoreError(
            f"{self._name} cannot change recorded events; nothing can be erased"
        )

    @override
    def plan_entries(self, plan_id: str, after: int, until: int | None) -> Sequence[StoredEntry]:
        # Most engines give no positions here.
        rows = self._open().select_events(_stream(plan_id), gt=after, lte=until)
        return [_returned(row) for row in rows]

    @override
    def log_entries(self, after: int, limit: int, name: str | None = None) -> Sequence[StoredEntry]:
        topics = [] if name is None else [name]
        rows = self._open().select_notifications(
            after, limit, topics=topics, inclusive_of_start=False
        )
        return [_returned(row) for row in rows]

    @override
    def max_notification_id(self) -> int | None:
        return self._open().max_notification_id()

    def _open(self) -> ApplicationRecorder:
        if self.closed:
            raise errors.StoreUnavailable(f"the store on {self._name} is closed")
        return self._engine


def _stream(plan_id: str | UUID) -> UUID:
    return uuid5(_STREAMS, str(plan_id))


def _addressed(event: StoredEvent) -> StoredEvent:
    state = str(event.originator_id).encode() + _END_OF_ID + event.state
    return _with(event, _stream(event.originator_id), state)


def _returned(row: StoredEvent) -> StoredEntry:
    plan_id, _, state = row.state.partition(_END_OF_ID)
    return recorder.entry_of(_with(row, plan_id.decode(errors="backslashreplace"), state))


def _with(row: _Row, name: str | UUID, state: bytes) -> _Row:
    return type(row)(**{**vars(row), "originator_id": name, "state": state})


@contextmanager
def _translated(name: str, plan_id: str | None) -> Iterator[None]:
    """Translate an engine's errors into `application.errors`; each engine has its own."""
    try:
        yield
    except (errors.StoreError, errors.ConcurrentChange, KeyUsed):
        raise
    except IntegrityError:
        raise errors.ConcurrentChange(plan_id or "") from None
    except Exception as error:
        raise errors.StoreUnavailable(f"{name} did not answer ({error})") from error
