"""Erases what people wrote about a plan: from the log, the views and the store's free space.

Scores, decisions and proofs stay as they were: salted commitments replace the text,
and the salts are gone. Copies that left the store before, and what other processes
hold in memory until they read again, are beyond it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import CommandHandler
from plangate.application.errors import StoreError
from plangate.application.event_store import EventStore
from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.results import Result
from plangate.application.validation import validate_identifier
from plangate.application.views.runner import ProjectionRunner
from plangate.application.views.view_store import ViewStore
from plangate.domain.commands import ErasePlan


class Erasure(Result):
    """How many events were rewritten, and whether any text may be left.

    Nothing is rewritten, and nothing new recorded, when there was no text. `remains`
    says where some may be left, and why; another erasure continues there.
    """

    plan_id: str
    rewritten: int
    complete: bool
    remains: str | None = None


@dataclass
class Eraser:
    """Erases in one store and its views."""

    store: EventStore
    views: ViewStore
    runner: ProjectionRunner
    handler: CommandHandler

    def erase(self, plan_id: str, context: CommandContext) -> Erasure:
        """Erase a plan's text if there is any, then remove its traces in views and free space."""
        entries = self.store.read_stored(validate_identifier("plan_id", plan_id))
        rewritten = 0
        if not entries or any(map(self.store.format.has_erasable_text, entries)):
            rewritten = self._rewrite(plan_id, context)
        remains = self._remove_traces([plan_id])
        return Erasure(
            plan_id=plan_id, rewritten=rewritten, complete=remains is None, remains=remains
        )

    def follow(self, erased_at: Mapping[str, int]) -> str | None:
        """Erase what was erased in another store: the text of plans before a version.

        The erasure itself is already recorded, with the rest of the plan. The answer says
        what may be left, and why: calling this again continues with text in the log,
        `erase` with free space.
        """
        followed = []
        try:
            for plan_id, version in erased_at.items():
                entries = self.store.read_stored(plan_id, until=version - 1)
                changed = self._changed(entries)
                if changed:
                    self.store.rewrite(changed, ())
                    followed.append(plan_id)
        except StoreError as error:
            return str(error)
        return self._remove_traces(followed) if followed else None

    def _remove_traces(self, plan_ids: Sequence[str]) -> str | None:
        """Leave none of the text in views and free space; else say what may be left."""
        try:
            for plan_id in plan_ids:
                self.runner.forget(plan_id)
            self.views.scrub()
            self.store.scrub()
        except StoreError as error:
            return str(error)
        return None

    def _changed(self, entries: Sequence[StoredEntry]) -> Sequence[StoredEntry]:
        """Those that hold text, or a digest by which a guess could be confirmed, without it."""
        erased = [self.store.format.erased(entry) for entry in entries]
        return [new for new, old in zip(erased, entries, strict=True) if new != old]

    def _rewrite(self, plan_id: str, context: CommandContext) -> int:
        """Rewrite the plan's history, and record that in the same transaction."""
        rewritten = 0

        def record(
            recorded: Sequence[RecordedEvent], after: StoredEntry | None
        ) -> StoredEntry | None:
            nonlocal rewritten
            changed = self._changed(self.store.read_stored(plan_id))
            # An event recorded since the plan was read has the version of this event:
            # then nothing is written, and the handler tries again.
            last = self.store.rewrite(changed, recorded, after=after)
            rewritten = len(changed)
            return last

        self.handler.handle(plan_id, ErasePlan(), context, record=record)
        return rewritten
