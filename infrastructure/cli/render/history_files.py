"""A history for other programs: one JSON document, JSON Lines, or CSV for spreadsheets.

Each is made piece by piece, as the events are read.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Final

from plangate.application.history.audit import AuditEntry
from plangate.infrastructure.cli.render import event_text

_COLUMNS: Final = (
    *("position", "event_id", "plan_id", "version", "recorded_at", "actor", "scorer"),
    *("kind", "task_id", "score_kind", "score", "what", "why"),
    *("task_status_before", "task_status_after"),
    *("rolling_confidence_before", "rolling_confidence_after"),
    *("replan_due_before", "replan_due_after"),
    *("gate_fallen_before", "gate_fallen_after"),
    *("correlation_id", "causation_id", "unreadable"),
)
_A_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=[\s\"']*[=+\-@＝＋－＠])")  # noqa: RUF001


def as_document(entries: Iterable[AuditEntry], *, ensure_ascii: bool) -> Iterator[str]:
    """All the entries as one JSON object: an `AuditTrail`."""
    yield '{\n  "entries": ['
    between = "\n"
    for entry in entries:
        text = entry.model_dump_json(indent=2, ensure_ascii=ensure_ascii)
        yield between + "\n".join(f"    {line}" for line in text.split("\n"))
        between = ",\n"
    yield "]\n}\n" if between == "\n" else "\n  ]\n}\n"


def as_lines(entries: Iterable[AuditEntry], *, ensure_ascii: bool) -> Iterator[str]:
    """One JSON object a line."""
    for entry in entries:
        yield entry.model_dump_json(ensure_ascii=ensure_ascii) + "\n"


def as_sheet(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """A table with a heading, in which no text can pass for a formula."""
    yield _row(_COLUMNS)
    for entry in entries:
        yield _row(_cells(entry))


def unmistakable(text: str) -> str:
    """`text` with an apostrophe wherever a spreadsheet would begin to take it for a formula.

    That is at the beginning of a cell, and behind whatever else a spreadsheet may take
    for the end of one: a semicolon, a tab, a new line.
    """
    return _A_FORMULA.sub(r"\1'", text)


def _row(cells: Iterable[object]) -> str:
    line = io.StringIO()
    written = (unmistakable(cell) if isinstance(cell, str) else cell for cell in cells)
    csv.writer(line, lineterminator="\n").writerow(written)
    return line.getvalue()


def _cells(entry: AuditEntry) -> Iterator[object]:
    event, scorer = entry.event, entry.scorer
    yield from (entry.position, entry.event_id, entry.plan_id, entry.version)
    yield entry.recorded_at and entry.recorded_at.isoformat()
    yield entry.actor
    yield scorer and f"{scorer.kind}:{scorer.name}{f'@{scorer.version}' if scorer.version else ''}"
    yield from (entry.kind, entry.task_id, entry.score_kind)
    yield getattr(event, "score", None)
    yield event and event_text.what(event)
    yield entry.why
    yield from _beside(entry, "task_status")
    yield from _beside(entry, "rolling_confidence")
    yield from _beside(entry, "replan_due")
    yield from _beside(entry, "gate_tripped")
    yield from (entry.correlation_id, entry.causation_id, entry.unreadable)


def _beside(entry: AuditEntry, figure: str) -> Iterator[object]:
    """One of the figures, before the event and after it."""
    for figures in (entry.before, entry.after):
        value = None if figures is None else getattr(figures, figure)
        yield str(value).lower() if isinstance(value, bool) else value
