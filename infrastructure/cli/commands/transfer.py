"""Plans out of a store and into it, as bundles, foreign files and traces."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Final

import typer

from plangate.application.bundles.importer import ImportReport
from plangate.application.bundles.sealed_file import open_for_writing
from plangate.application.errors import ErasesText
from plangate.application.importing.results import PlanFormat
from plangate.application.warnings import is_about_a_token
from plangate.domain.errors import PlanNotFound
from plangate.infrastructure.cli.answers import RefusedLine, TraceReport
from plangate.infrastructure.cli.exits import FAILED, REFUSED, error_facts
from plangate.infrastructure.cli.input import options
from plangate.infrastructure.cli.input.traces import LineResult, apply_lines, read_lines
from plangate.infrastructure.cli.render import transfer as screens
from plangate.infrastructure.cli.render.progress_bar import line_progress_bar, progress_bar
from plangate.infrastructure.cli.render.text import count
from plangate.infrastructure.cli.terminal import Terminal


class ExportForm(StrEnum):
    """What plans are written as."""

    BUNDLE = "bundle"
    MARKDOWN = "markdown"


_BUNDLE: Final = "bundle"
_FORMATS: Final = (_BUNDLE, *PlanFormat)


def _source_format(text: str) -> str:
    if text not in _FORMATS:
        raise typer.BadParameter(f"must be one of {', '.join(_FORMATS)}")
    return text


def export(
    terminal: Terminal,
    plans: options.PlanIds = None,
    *,
    output: Path = options.option(
        "-o",
        "FILE",
        "The file to write, a bundle only where there is none yet; - for standard output.",
        default=...,
    ),
    signed: bool = options.flag("--signed", "Include a checkpoint of the ledger as of now."),
    form: ExportForm = options.option(
        "--format",
        None,
        "A bundle has all the history; markdown is a checklist of one plan as it is now.",
        default=ExportForm.BUNDLE,
    ),
) -> None:
    """Write plans with all their history to a bundle: a file for another store.

    Example: plangate export billing -o billing.bundle

    Example: plangate export billing -o billing.md --format markdown
    """
    if output == options.STDOUT and terminal.as_json:
        raise typer.BadParameter("-o - and --json both want the standard output")
    chosen = terminal.plans(plans)
    if form is ExportForm.MARKDOWN:
        from plangate.infrastructure.cli.commands.checklists import export_checklist

        if signed:
            raise typer.BadParameter("--signed is for bundles")
        export_checklist(terminal, chosen, output)
        return
    with (
        (
            nullcontext(sys.stdout.buffer) if output == options.STDOUT else open_for_writing(output)
        ) as target,
        progress_bar(terminal.notes, "exporting") as progress,
    ):
        note = terminal.registry.ledger.checkpoint(progress=progress).note if signed else None
        report = terminal.registry.bundles.export(
            target, chosen, checkpoint=note, progress=progress
        )
    if output == options.STDOUT:
        terminal.flush()
        return
    terminal.done = "the bundle was made"
    terminal.answer(report, screens.render_export)


def import_plans(
    terminal: Terminal,
    file: options.ImportPath,
    *,
    source: str | None = options.option(
        "--format",
        "FORMAT",
        f"What FILE is, if that is not recognised: {', '.join(_FORMATS)}.",
        parser=_source_format,
    ),
    tag: str | None = options.option("--tag", "NAME", "Only this tag of a file with several."),
    plan: str | None = options.option(
        "--plan", "PLAN", "The id of the plan to make, or the plan to update."
    ),
    reason: str | None = options.option(
        "--reason", "TEXT", "Why an update revises a plan, if not because its source has gone on."
    ),
    dry_run: bool = options.flag("--dry-run", "Show what would be done, and record nothing."),
    strict: bool = options.flag(
        "--strict", "Refuse a bundle with decisions that the rules do not make."
    ),
    follow_erasures: bool = options.flag(
        "--follow-erasures", "Erase here, for good, the text that is erased in the bundle."
    ),
) -> None:
    """Import plans from a bundle or from another tool, or update those imported before.

    Example: plangate import specs/001-login/tasks.md --dry-run
    """
    from plangate.infrastructure.cli.commands.foreign_plans import import_foreign
    from plangate.infrastructure.cli.input.plan_sources import is_bundle

    if source != _BUNDLE and not (source is None and is_bundle(file)):
        if strict or follow_erasures:
            raise typer.BadParameter("--strict and --follow-erasures are for bundles")
        kind = None if source is None else PlanFormat(source)
        request = {"tag": tag, "plan_id": plan, "reason": reason, "dry_run": dry_run}
        import_foreign(terminal, file, kind, request)
        return
    if dry_run or any((tag, plan, reason)):
        raise typer.BadParameter("--tag, --plan, --reason and --dry-run are for other tools' files")
    if any(terminal.given.values()):
        raise typer.BadParameter("a bundle's events name their own actor; leave out these options")
    report = _import_bundle(terminal, file, strict=strict, follow_erasures=follow_erasures)
    terminal.answer(report, screens.render_import)
    if report.remains is not None:
        why = f"some erased text may be left: {report.remains}"
        terminal.warn(f"{why}; to finish, import again and erase those plans again")
        raise typer.Exit(FAILED)


def _import_bundle(
    terminal: Terminal, file: Path, *, strict: bool, follow_erasures: bool
) -> ImportReport:
    """Import a bundle; name the plans whose text it erases before anything is written."""
    bundles = terminal.registry.bundles
    source = BytesIO(sys.stdin.buffer.read()) if file == options.STDIN else file
    try:
        with progress_bar(terminal.notes, "importing") as progress:
            return bundles.import_bundle(source, strict=strict, progress=progress)
    except ErasesText as refused:
        if not follow_erasures:
            raise
        for plan_id, events in refused.plans.items():
            terminal.warn(f"erasing the text of {plan_id}: {count(events, 'event')} here")
    with progress_bar(terminal.notes, "importing") as progress:
        return bundles.import_bundle(source, strict=strict, follow_erasures=True, progress=progress)


def apply(
    terminal: Terminal,
    file: options.TracePath,
    *,
    strict: bool = options.flag("--strict", "Stop at the first line that is refused."),
    run: str | None = options.option(
        "--run", "NAME", "Name this run. Lines already recorded by other runs are recorded again."
    ),
) -> None:
    """Apply a trace: one command a line, as JSON.

    Good lines are recorded, bad ones reported. Applying a file again records nothing
    twice.

    Example: plangate apply trace.jsonl
    """
    name = "stdin" if file == options.STDIN else str(file)
    size = file.stat().st_size if file.is_file() else None
    report = TraceReport(file=name)
    first_tokenless, tokenless, store_failed = "", 0, False
    causes: dict[str, list[int]] = {}
    with (
        nullcontext(sys.stdin.buffer) if file == options.STDIN else file.open("rb") as stream,
        terminal.registry.acting_as(
            terminal.context.get("actor"), correlation_id=terminal.context.get("correlation_id")
        ),
        _saying_how_far(terminal, report),
        line_progress_bar(terminal.notes, file.name, size) as advance,
    ):
        for result in apply_lines(terminal.registry, read_lines(stream), run=run):
            where = f"{name}:{result.line.number}: "
            _add(report, result)
            for warning in result.warnings:
                if is_about_a_token(warning):
                    first_tokenless = first_tokenless or where + warning
                    tokenless += 1
                else:
                    terminal.warn(where + warning)
            if result.error is not None and not _went_with_another(result, causes):
                terminal.report(where, result.error)
            if result.stops_the_run or (strict and result.error is not None):
                report.stopped_at = result.line.number
                store_failed = result.stops_the_run
                break
            advance(result.line.read, result.line.number)
    for plan_id, (cause, *lines) in causes.items():
        if lines and not terminal.as_json:
            went = count(len(lines), "later line")
            terminal.warn(f"{name}:{cause}: {went} went with it: there is no plan {plan_id!r}")
    if tokenless:
        later = f"; {count(tokenless - 1, 'later score')} likewise" if tokenless > 1 else ""
        terminal.warn(first_tokenless + later)
    terminal.answer(report, screens.render_trace_report)
    if report.stopped_at is not None or report.refused:
        raise typer.Exit(FAILED if store_failed else REFUSED)


def _went_with_another(result: LineResult, causes: dict[str, list[int]]) -> bool:
    """Whether a line is refused for want of a plan, as an earlier one was, or for its sake.

    `causes` has the first such line of each plan, and those that followed.
    """
    error = result.error
    plan_id = error.plan_id if isinstance(error, PlanNotFound) else result.creates
    lines = [] if plan_id is None else causes.setdefault(plan_id, [])
    lines.append(result.line.number)
    return len(lines) > 1 and isinstance(error, PlanNotFound)


@contextmanager
def _saying_how_far(terminal: Terminal, report: TraceReport) -> Iterator[None]:
    """Say how far the trace has come where the block is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        done = count(report.lines, "line")
        terminal.warn(f"stopped after {done}; run it again, and it goes on from there")
        raise


def _add(report: TraceReport, result: LineResult) -> None:
    report.lines += 1
    report.warnings += len(result.warnings)
    if result.error is not None:
        line = RefusedLine(line=result.line.number, error=error_facts(result.error))
        report.refused.append(line)
    elif result.recorded:
        report.recorded += 1
        report.added += result.tally
    else:
        report.unchanged += 1
        report.already_there += result.tally
