"""What a tool wrote into a file, whichever tool it was."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from plangate.application.importing.tool_scores import ToolScores
from plangate.infrastructure.score_files.deepeval import is_deepeval, read_deepeval
from plangate.infrastructure.score_files.inspect_ai import is_inspect_ai, read_inspect_ai
from plangate.infrastructure.score_files.malformed import MalformedScores
from plangate.infrastructure.score_files.otel import is_otel, read_otel
from plangate.infrastructure.score_files.promptfoo import is_promptfoo, read_promptfoo
from plangate.infrastructure.score_files.pydantic_evals import (
    is_pydantic_evals,
    read_pydantic_evals,
)

MAX_BYTES: Final = 256 * 1024 * 1024
_ZIP: Final = b"PK\x03\x04"


class ScoreFormat(StrEnum):
    """The tools whose files are read."""

    JUNIT = "junit"
    PROMPTFOO = "promptfoo"
    DEEPEVAL = "deepeval"
    INSPECT_AI = "inspect-ai"
    PYDANTIC_EVALS = "pydantic-evals"
    OTEL = "otel"


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """What was measured, and the digest of the file it was read from."""

    format: ScoreFormat
    measured: ToolScores
    sha256: str


_TOOLS: Final[dict[ScoreFormat, tuple[Callable[[Any], bool], Callable[[Any], ToolScores]]]] = {
    ScoreFormat.PROMPTFOO: (is_promptfoo, read_promptfoo),
    ScoreFormat.INSPECT_AI: (is_inspect_ai, read_inspect_ai),
    ScoreFormat.PYDANTIC_EVALS: (is_pydantic_evals, read_pydantic_evals),
    ScoreFormat.DEEPEVAL: (is_deepeval, read_deepeval),
    ScoreFormat.OTEL: (is_otel, read_otel),
}


def read_score_file(content: bytes, kind: ScoreFormat | None = None) -> ScoreFile:
    """What the file says, in the format that it has or is said to have.

    Raises `MalformedScores` where it is in none of them.
    """
    digest = hashlib.sha256(content).hexdigest()
    if content.startswith(_ZIP):
        raise MalformedScores("is a packed log: give `inspect log dump FILE`, which is JSON")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        line = before.count("\n") + 1
        raise MalformedScores("is not UTF-8", line, len(before) - before.rfind("\n")) from None
    if not text.strip():
        raise MalformedScores("is empty")
    from plangate.infrastructure.score_files.junit import is_junit, read_junit  # noqa: PLC0415

    if kind is ScoreFormat.JUNIT or (kind is None and is_junit(text)):
        return ScoreFile(ScoreFormat.JUNIT, read_junit(text), digest)
    data = _json(text)
    for tool, (is_its, read) in _TOOLS.items():
        if kind is tool or kind is None:
            if is_its(data):
                return ScoreFile(tool, _read(tool, read, data), digest)
            if kind is tool:
                raise MalformedScores(f"is not a file of {tool}")
    raise MalformedScores(f"is not a file of {', '.join(ScoreFormat)}")


def _read(tool: ScoreFormat, read: Callable[[Any], ToolScores], data: Any) -> ToolScores:
    try:
        return read(data)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MalformedScores(f"is not what {tool} writes: {error!r:.200}") from None


def _json(text: str) -> Any:
    """The JSON in a text: one value, or one a line. NaN is read, as Python's tools write it."""
    try:
        return json.loads(text)
    except RecursionError:
        raise MalformedScores("is nested too deep") from None
    except json.JSONDecodeError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines):
            try:
                return [json.loads(line) for line in lines]
            except (json.JSONDecodeError, RecursionError):
                pass
        raise MalformedScores(f"is not JSON: {error.msg}", error.lineno, error.colno) from None
