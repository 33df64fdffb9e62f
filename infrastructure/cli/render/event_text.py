"""Events on a screen: what happened to a plan and why, one line an event."""

from collections.abc import Iterable
from typing import Final, get_args

from rich.text import Text

from plangate.application.history import event_text
from plangate.application.history.score_parts import JudgeScore, ScorePart
from plangate.application.recorded_event import RecordedEvent
from plangate.application.replay.event_diff import EventFacts
from plangate.domain import events
from plangate.infrastructure.cli.render.tables import Listing, right
from plangate.infrastructure.cli.render.text import harmless

_KINDS: Final = {kind.__name__: kind for kind in get_args(get_args(events.PlanEvent)[0])}


def event_table(recorded: Iterable[RecordedEvent]) -> Listing:
    """A table of events in their order: what happened, and why."""
    table = Listing(right("@"), "what happened", "why")
    for entry in recorded:
        fired = isinstance(entry.event, events.ReplanTriggered)
        table.add_row(
            str(entry.envelope.version),
            Text(what(entry.event), style="bold red" if fired else ""),
            Text(why(entry.event, entry.envelope.causation_id), style="dim"),
        )
    return table


def what_of(facts: EventFacts) -> str:
    """As `what`, for an event given as facts."""
    return what(_KINDS[facts.event].model_validate(facts.facts))


def what(event: events.PlanEvent) -> str:
    """What happened, in a few words."""
    return harmless(event_text.what(event))


def why(event: events.PlanEvent, causation_id: str | None) -> str:
    """Why it happened; a rationale is shown with the first event of its command only."""
    return harmless(event_text.why(event, causation_id))


def given_as(score: ScorePart | JudgeScore) -> str:
    """The number as the judge gave it and when, where that was recorded."""
    return harmless(event_text.given_as(score))
