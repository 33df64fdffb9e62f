"""Scores that deserve a second look, each with the events that show it."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.evidence.finding import Finding, Severity
from plangate.application.evidence.findings import FindingsReport
from plangate.infrastructure.cli.render import tables
from plangate.infrastructure.cli.render.text import Hint, count, harmless, listed, spaced

_AT_MOST: Final = 50
"""How many findings are shown; JSON lists more."""

_EVENTS_AT_MOST: Final = 4
_OF_MANY_PLANS: Final = 2
_STYLES: Final = {Severity.WARNING: "bold red", Severity.NOTICE: "yellow"}


def render_findings(report: FindingsReport, _hint: Hint) -> RenderableType:
    """A table of findings, those that are accepted, and how many there are of each kind."""
    examined = f"Looked through {count(report.plans, 'plan')}, {count(report.events, 'event')}."
    accepted = [*_accepted(report), *_not_judged(report)]
    if not report.finding_count:
        return Group(Text(examined), *accepted, Text("Nothing was found.", style="green"))
    kinds = ", ".join(f"{spaced(kind)} {n:,}" for kind, n in report.by_kind.items())
    return Group(
        Text(examined),
        _table(_shown(report.findings)),
        *tables.and_more(report.finding_count - _AT_MOST),
        *accepted,
        Text(f"{count(report.finding_count, 'finding')}: {kinds}."),
    )


def _shown(findings: Sequence[Finding]) -> list[Finding]:
    """As many as fit; those that only many plans show come last, and are always among them."""
    of_many = [one for one in findings if one.about is not None][:_AT_MOST]
    of_plans = [one for one in findings if one.about is None]
    return [*of_plans[: _AT_MOST - len(of_many)], *of_many]


def _not_judged(report: FindingsReport) -> Iterator[RenderableType]:
    if report.not_judged is not None:
        yield Text(harmless(f"{report.not_judged}."), style="yellow")


def _accepted(report: FindingsReport) -> Iterator[RenderableType]:
    """The accepted findings, each with the reason."""
    if report.accepted_count:
        yield Text(f"Accepted: {count(report.accepted_count, 'finding')}.")
    for one in report.accepted[:_AT_MOST]:
        sentence = harmless(f"{_where(one.finding)}: {one.finding.sentence}")
        yield Text(f"  {sentence}. Reason: {harmless(one.reason)}", style="dim")
    yield from tables.and_more(report.accepted_count - _AT_MOST)


def _table(findings: Sequence[Finding]) -> RenderableType:
    table = tables.Listing(tables.fixed(""), "where", "what", "events")
    for finding in findings:
        table.add_row(
            Text(finding.severity, style=_STYLES[finding.severity]),
            Text(harmless(_where(finding))),
            _what(finding),
            Text(_events(finding), style="dim"),
        )
    return table


def _what(finding: Finding) -> Text:
    """The sentence; how a test judged it steps back behind what it found."""
    text = Text(harmless(finding.sentence))
    if finding.judged_by is not None:
        text.stylize("dim", len(text) - len(finding.judged_by.text) - len("()"))
    return text


def _where(finding: Finding) -> str:
    if finding.about is not None:
        return finding.about
    return finding.plan_id + ("" if finding.task_id is None else f" {finding.task_id}")


def _events(finding: Finding) -> str:
    """The events' ids; those of the finding's own plan without its name."""
    own = f"{finding.plan_id}@" if finding.about is None else ""
    at_most = _EVENTS_AT_MOST if finding.about is None else _OF_MANY_PLANS
    names = [
        "@" + name.removeprefix(own) if own and name.startswith(own) else name
        for name in finding.event_ids[:at_most]
    ]
    more = finding.event_count - len(names)
    return listed(names) + (f" and {more:,} more" if more > 0 else "")
