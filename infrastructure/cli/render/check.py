"""Recorded decisions that do not follow from the rules."""

from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.replay.check import CheckReport, Mismatch, MismatchKind
from plangate.application.replay.event_diff import EventFacts
from plangate.infrastructure.cli.render import event_text, tables
from plangate.infrastructure.cli.render.text import Hint, count, harmless

_AT_MOST: Final = 50
"""How many mismatches are shown; JSON lists more."""


def render_check(report: CheckReport, _hint: Hint) -> RenderableType:
    """How many decisions were checked, and which do not follow from the rules."""
    commands, events = count(report.commands, "command"), count(report.events, "event")
    checked = Text(f"Checked {count(report.plans, 'plan')}, {commands}, {events}.")
    found = report.mismatch_count
    if not found:
        return Group(checked, Text("Every decision follows from the rules.", style="green"))
    table = tables.Listing("event", tables.fixed(""), "what was recorded", "by the rules")
    for mismatch in report.mismatches[:_AT_MOST]:
        table.add_row(
            Text(harmless(mismatch.event_id)),
            Text(mismatch.kind, style="red"),
            Text("" if mismatch.recorded is None else event_text.what_of(mismatch.recorded)),
            Text(_by_the_rules(mismatch)),
        )
    subject = "1 decision does" if found == 1 else f"{found:,} decisions do"
    return Group(
        checked,
        Text(f"{subject} not follow from the rules:", style="bold red"),
        table,
        *tables.and_more(found - _AT_MOST),
    )


def _by_the_rules(mismatch: Mismatch) -> str:
    recorded, expected = mismatch.recorded, mismatch.expected
    match mismatch.kind:
        case MismatchKind.WRONG if recorded and expected and mismatch.fields:
            return "; ".join(
                f"{field} {_fact(expected, field)}, not {_fact(recorded, field)}"
                for field in mismatch.fields
            )
        case MismatchKind.WRONG | MismatchKind.MISSING if expected:
            return event_text.what_of(expected)
        case MismatchKind.UNDUE:
            return "nothing"
        case _:
            return harmless(mismatch.why)


def _fact(event: EventFacts, field: str) -> str:
    value: Any = event.facts.get(field)
    return "nothing" if value is None else harmless(str(value))
