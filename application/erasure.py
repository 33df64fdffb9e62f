"""Erasing what people wrote about a plan: from the log, the views and the store's free space.

StateAt, decisions and proofs stay as they were: in the place of the words stand
salted commitments, and the salts are gone. Copies that left the store before, and
what other processes hold in their memory until they look again, are out of reach.
"""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler
from plangate.application.errors import StoreError
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import ViewStore
from plangate.domain.commands import ErasePlan


class Erasure(BaseModel):
    """What came of it: how many events were rewritten, and whether anything may be left.

    Nothing is rewritten, and nothing new recorded, when no words were there. `remains`
    says where something may still be found, and why; asked again, an erasure goes on.
    """

    model_config = ConfigDict(frozen=True)

    plan_id: str
    rewritten: int
    complete: bool
    remains: str | None = None


class Eraser:
    """Erases in one store and its views."""

    def __init__(
        self,
        store: EventStore,
        views: ViewStore,
        keeper: ProjectionRunner,
        commands: CommandHandler,
    ) -> None:
        self._store = store
        self._views = views
        self._keeper = keeper
        self._commands = commands

    def erase(self, plan_id: str, call: CommandContext) -> Erasure:
        """Erase a plan's words if there are any, then clear away what they left behind."""
        entries = self._store.read_stored(plan_id)
        rewritten = 0
        if not entries or any(map(self._store.format.has_erasable_text, entries)):
            rewritten = self._rewrite_all(plan_id, call)
        remains = self._clear_away([plan_id])
        return Erasure(
            plan_id=plan_id, rewritten=rewritten, complete=remains is None, remains=remains
        )

    def follow(self, erased_at: Mapping[str, int]) -> str | None:
        """Erase here what was erased elsewhere: the words of plans before a version.

        It has been recorded already, with the rest of the plan. The answer says what may
        be left, and why: of words in the log, this goes on with it when it is asked
        again; of free space, `erase` does.
        """
        followed = []
        try:
            for plan_id, version in erased_at.items():
                entries = self._store.read_stored(plan_id, until=version)
                wordy = [entry for entry in entries if self._store.format.has_erasable_text(entry)]
                if wordy:
                    self._store.rewrite([self._store.format.erased(entry) for entry in wordy], ())
                    followed.append(plan_id)
        except StoreError as error:
            return str(error)
        return self._clear_away(followed) if followed else None

    def _clear_away(self, plan_ids: Sequence[str]) -> str | None:
        """Leave nothing of the words in views and free space; else say what may be left."""
        try:
            for plan_id in plan_ids:
                self._keeper.forget(plan_id)
            self._views.scrub()
            self._store.scrub()
        except StoreError as error:
            return str(error)
        return None

    def _rewrite_all(self, plan_id: str, call: CommandContext) -> int:
        """Rewrite the plan's history, and record that in the same transaction."""
        rewritten = 0

        def record(recorded: Sequence[RecordedEvent]) -> None:
            nonlocal rewritten
            entries = self._store.read_stored(plan_id)
            erased = [self._store.format.erased(entry) for entry in entries]
            changed = [new for new, old in zip(erased, entries, strict=True) if new != old]
            # Whatever was recorded since the plan was read has the version of this
            # event: then nothing is written, and all is tried again.
            self._store.rewrite(changed, recorded)
            rewritten = len(changed)

        self._commands.handle(plan_id, ErasePlan(), call, record=record)
        return rewritten
