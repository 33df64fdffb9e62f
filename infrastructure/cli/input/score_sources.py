"""The options of `score` by which a score comes from a file or from a command that is run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from plangate.infrastructure.cli.input.options import argument, option, readable_file
from plangate.infrastructure.cli.input.times import parse_duration

BARE: Final = "nan"
"""What stands for the value of a `--prompt` that has none: no judge can give it."""

FORMATS: Final = ("junit", "promptfoo", "deepeval", "inspect-ai", "pydantic-evals", "otel")


def with_bare_prompt(words: Sequence[str]) -> list[str]:
    """The words of a command line, with a value for a `--prompt` that has none."""
    given = list(words)
    end = given.index("--") if "--" in given else len(given)
    for index in reversed(range(end)):
        if given[index] == "--prompt" and (index + 1 == end or not _is_number(given[index + 1])):
            given.insert(index + 1, BARE)
    return given


def _is_number(word: str) -> bool:
    """Whether a word is meant as a score; other words are refused as one."""
    return not word.startswith("--")


def _format(text: str) -> str:
    if text not in FORMATS:
        raise typer.BadParameter(f"must be one of {', '.join(FORMATS)}")
    return text


def worth_of(texts: Iterable[str] | None) -> dict[str, float]:
    """What booleans and labels are worth: `true=1` and the like."""
    worth = {}
    for text in texts or ():
        name, equals, value = text.rpartition("=")
        try:
            worth[name] = float(value if equals and name else "")
        except ValueError:
            raise typer.BadParameter(
                "--map: write what a value is worth, as in true=1 or good=0.8"
            ) from None
    return worth


FromFile = Annotated[
    Path | None,
    option(
        "--from",
        "FILE",
        "Score by what a tool wrote: JUnit XML, promptfoo, DeepEval, inspect_ai, pydantic-evals, "
        "OpenTelemetry; - for standard input. An output score, or with --prompt a prompt score.",
        default=...,
        callback=readable_file,
    ),
]
ToolFormat = Annotated[
    str | None,
    option(
        "--format",
        "TOOL",
        f"Whose file it is, if that is not recognised: {', '.join(FORMATS)}.",
        default=...,
        parser=_format,
    ),
]
Metrics = Annotated[
    list[str] | None,
    option("--metric", "NAME", "Which metrics of the file count; may be repeated.", default=...),
]
Worth = Annotated[
    list[str] | None,
    option(
        "--map",
        "VALUE=SCORE",
        "What a boolean or a label is worth, as in true=1; may be repeated.",
        default=...,
    ),
]
Run = Annotated[
    bool, typer.Option("--run", help="Run COMMAND: exit code 0 is the score 1, any other 0.")
]
Command = Annotated[
    list[str] | None, argument("-- COMMAND", "With --run: the command and its arguments.")
]
TimeLimit = Annotated[
    str | None,
    option("--timeout", "DURATION", "How long COMMAND may take, as in 90 or 5m.", default=...),
]
ScoreJson = Annotated[
    bool,
    typer.Option(
        "--score-json", help="COMMAND prints its score as JSON; its exit code is only kept."
    ),
]
Gate = Annotated[
    bool, typer.Option("--gate", help="End with the exit code of the plan's gate, not with 0.")
]


@dataclass(frozen=True, slots=True)
class ScoreSource:
    """Where a score comes from that the caller does not give: a file, or a command."""

    file: Path | None
    tool: str | None
    metrics: Sequence[str]
    worth: Sequence[str]
    run: bool
    command: Sequence[str]
    time_limit: str | None
    score_json: bool

    def is_named(self, *, has_score: bool) -> bool:
        """Whether there is such a source; refused where its options contradict each other."""
        is_named = self.file is not None or self.run
        if is_named and (has_score or (self.file is not None and self.run)):
            raise typer.BadParameter("a score is given, or made by --from or --run: one of these")
        if bool(self.command) is not self.run:
            raise typer.BadParameter("a command is run as in --run -- pytest -q")
        if not self.run and (self.time_limit or self.score_json):
            raise typer.BadParameter("--timeout and --score-json are for --run")
        if self.file is None and (self.tool or self.metrics or self.worth):
            raise typer.BadParameter("--format, --metric and --map are for --from")
        return is_named

    @property
    def seconds(self) -> float | None:
        """The time limit of the command."""
        if self.time_limit is None:
            return None
        seconds = parse_duration("--timeout", self.time_limit)
        if seconds <= 0:
            raise typer.BadParameter("--timeout: must be more than 0")
        return seconds
