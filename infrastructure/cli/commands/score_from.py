"""Scores from where they are made: what a tool wrote, and what a command says that is run."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from plangate.application.importing.run_scores import read_run_score
from plangate.application.importing.tool_scores import CombinedScore, combine
from plangate.application.results import PlanStatus
from plangate.domain.errors import InvalidInput
from plangate.domain.vocabulary import ScoreKind
from plangate.infrastructure.cli.input.options import STDIN
from plangate.infrastructure.cli.input.plan_files import FileProblem, InvalidFile, name_of
from plangate.infrastructure.cli.input.score_sources import ScoreSource, worth_of
from plangate.infrastructure.cli.render.acts import render_act
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.score_files.malformed import MalformedScores
from plangate.infrastructure.score_files.reading import MAX_BYTES, ScoreFormat, read_score_file
from plangate.infrastructure.score_files.running import FinishedRun, run_command

_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Target:
    """The task that is scored, the kind of score, and what the caller says about it."""

    plan_id: str
    task_id: str
    kind: ScoreKind
    scale: tuple[float, float] | None
    given: Mapping[str, Any]
    """Options of the command that go with the score: scorer, token, mark_done …"""


def score_from(
    terminal: Terminal,
    task: tuple[str, str],
    kind: ScoreKind,
    source: ScoreSource,
    scale: tuple[float, float] | None,
    given: Mapping[str, Any],
) -> None:
    """Score a task by a file or a command; where that gives no score, record that it failed."""
    target = _Target(*task, kind, scale, given)
    terminal.registry.get(target.plan_id).task(target.task_id)  # refused before anything is run
    if source.file is not None:
        now = _score_from_file(terminal, target, source.file, source)
    else:
        now = _score_from_run(terminal, target, source)
    terminal.warn(*now.warnings)
    terminal.answer(now, render_act(target.task_id, full=terminal.full))


def _score_from_file(
    terminal: Terminal, target: _Target, file: Path, source: ScoreSource
) -> PlanStatus:
    name = name_of(file)
    try:
        read = read_score_file(_content(file), ScoreFormat(source.tool) if source.tool else None)
    except MalformedScores as error:
        problem = FileProblem("", str(error), error.line, error.column, name)
        raise InvalidFile([problem]) from None
    worth = worth_of(source.worth)
    made = combine(read.measured, metrics=source.metrics, scale=target.scale, values=worth)
    digest = {"file": name, "format": read.format.value, "sha256": read.sha256}
    return _record(terminal, target, made, {**digest, **made.evidence})


def _score_from_run(terminal: Terminal, target: _Target, source: ScoreSource) -> PlanStatus:
    command, as_json = source.command, source.score_json
    run = run_command(command, time_limit=source.seconds, keep_output=as_json)
    evidence = {
        "command": [f"{word:.{_LONGEST}}" for word in command],
        "seconds": run.seconds,
        "exit_code": run.exit_code,
        "output_sha256": run.output_sha256,
        "output_bytes": run.output_bytes,
    }
    scorer = {"kind": "code", "name": Path(command[0]).name[:200] or "command"}
    if run.failure is not None:
        made = CombinedScore(None, None, scorer, run.failure)
    elif as_json:
        made = _printed(run, scorer, target)
    else:
        passed = run.exit_code == 0
        why = f"exit code {run.exit_code} after {run.seconds:g} s"
        made = CombinedScore(1.0 if passed else 0.0, None, scorer, why)
    return _record(terminal, target, made, {**made.evidence, **evidence})


def _printed(run: FinishedRun, scorer: Mapping[str, str], target: _Target) -> CombinedScore:
    """The score in what the command printed, or why there is none."""
    try:
        printed = read_run_score(json.loads(run.output))
    except InvalidInput as refused:
        problems = "; ".join(map(str, refused.problems))
        return CombinedScore(None, None, scorer, f"its JSON is not a score: {problems:.{_LONGEST}}")
    except (ValueError, RecursionError) as error:
        return CombinedScore(None, None, scorer, f"it did not print JSON: {error!s:.200}")
    if printed.score is None:
        return CombinedScore(None, None, scorer, printed.reason or "it gave no score")
    why = printed.rationale or f"exit code {run.exit_code} after {run.seconds:g} s"
    scale = printed.scale or target.scale
    return CombinedScore(printed.score, scale, scorer, why, printed.evidence)


def _record(
    terminal: Terminal, target: _Target, made: CombinedScore, evidence: Mapping[str, Any]
) -> PlanStatus:
    given = dict(target.given)
    scorer = given.pop("scorer", None) or made.scorer
    if made.score is None:
        reason = f"{made.scorer['name']}: {made.rationale}"
        terminal.warn(f"no score: {reason}")
        return terminal.registry.record_scoring_failure(
            target.plan_id,
            target.task_id,
            target.kind,
            reason,
            scorer=scorer,
            occurred_at=given["occurred_at"],
            **terminal.context,
        )
    given["rationale"] = given["rationale"] or made.rationale
    given["evidence"] = {**evidence, **(given["evidence"] or {})}
    prompt = made.score if target.kind is ScoreKind.PROMPT else None
    output = made.score if target.kind is ScoreKind.OUTPUT else None
    return terminal.registry.update(
        target.plan_id,
        target.task_id,
        prompt_score=prompt,
        output_score=output,
        scale=made.scale,
        scorer=scorer,
        **given,
        **terminal.context,
    )


def _content(file: Path) -> bytes:
    if file == STDIN:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise MalformedScores(f"is larger than {MAX_BYTES} bytes")
    return content
