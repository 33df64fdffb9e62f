"""What a registry is made of inside a transaction of the caller.

The caller may undo the transaction, wholly or in part, without a word. So nothing that is
read or recorded in it is remembered, and no view, which others read too, is made of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Never, cast

from plangate.application.errors import LogWentBack, TransactionRefused
from plangate.application.event_store import EventStore
from plangate.application.stream_cache import Receipt, Stream, StreamCache
from plangate.domain.plan import Plan

if TYPE_CHECKING:
    from plangate.application.recorded_event import RecordedEvent
    from plangate.application.views.view_store import ViewStore


class JoinedStreams(StreamCache):
    """The streams as they are in the transaction, each read when it is needed.

    What is remembered outside saves reading it, where it is in the log of the transaction.
    """

    def __init__(self, store: EventStore, outside: StreamCache) -> None:
        super().__init__(store)
        self._outside = outside

    def remembered(self, plan_id: str) -> None:
        """Nothing."""

    def current(self, plan_id: str) -> Stream:
        """The stream as the transaction sees it."""
        try:
            known, newer = self._newer(self._outside.remembered(plan_id) or Stream(Plan(plan_id)))
        except LogWentBack:  # it was recorded since the transaction began
            known, newer = self._newer(Stream(Plan(plan_id)))
        return known.followed_by(newer, self._store.format)

    def as_recorded(
        self, current: Stream, receipt: Receipt
    ) -> tuple[Plan, Plan, "Sequence[RecordedEvent]"]:
        """As outside, but from the beginning of the plan each time."""
        self._begin()
        return super().as_recorded(current, receipt)

    def keep(self, stream: Stream, changes: object = None) -> Stream:  # noqa: ARG002
        """Keep nothing."""
        return stream


class _NoViews:
    def close(self) -> None:
        """Do nothing."""

    def __getattr__(self, _name: str) -> Never:
        refuse("views show what is committed")


def no_views() -> "ViewStore":
    """A store of views that refuses every question."""
    return cast("ViewStore", _NoViews())


def no_ledger() -> Never:
    """Refuse the ledger."""
    refuse("the ledger is of what is committed")


def no_keys() -> Never:
    """Refuse the API keys."""
    refuse("a key is in force once it is committed")


def refuse(why: str) -> Never:
    """Raise `TransactionRefused`."""
    raise TransactionRefused(
        f"not inside in_transaction(): {why}; ask the registry itself, after the commit"
    )
