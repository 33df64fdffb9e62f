"""How a command ends: its exit code, and how an error is described.

`gate` and `next` end with the code of a verdict: `gate` with 0 for go and complete; `next`
with 0 only with a task, and with 14 for a complete plan. A command whose answer could not be
written ends with 74, or with 141 if the reader of a pipe went away, whatever its verdict.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from plangate.application.errors import ConcurrentChange, StoreError
from plangate.domain.errors import InvalidInput, PlangateError
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.cli.streams import AnswerLost

ANSWERED_NO: Final = 1
USAGE: Final = 2
REFUSED: Final = 3
FAILED: Final = 4
REPLAN: Final = 10
WAIT: Final = 11
BLOCKED: Final = 12
PUT_AWAY: Final = 13
COMPLETE: Final = 14
ANSWER_LOST: Final = 74
"""What `sysexits.h` calls EX_IOERR."""
PIPE_CLOSED: Final = 141
"""What shells report for a program whose reader went away."""
INTERRUPTED: Final = 130

MEANINGS: Final[Mapping[int, str]] = {
    0: "Done. gate: go, or complete.",
    ANSWERED_NO: "Answered, and the answer is no: findings, mismatches, problems, alterations.",
    USAGE: "The command line was not understood.",
    REFUSED: "Refused: nothing was recorded. apply: lines were refused.",
    FAILED: "The store or the system could not do it, or not all of it.",
    REPLAN: "gate, next: a replan is due.",
    WAIT: "gate, next: what is left is in progress or deferred.",
    BLOCKED: "gate, next: nothing can be taken, and waiting changes nothing.",
    PUT_AWAY: "gate, next: the plan is paused, archived or deleted.",
    COMPLETE: "next: every task is done.",
    ANSWER_LOST: "The answer could not be written; stderr says what was recorded.",
    INTERRUPTED: "Interrupted from the keyboard.",
    PIPE_CLOSED: "The reader of the answer went away.",
}
"""Every exit code, and what it means."""

_VERDICTS: Final[Mapping[Verdict, int]] = {
    Verdict.GO: 0,
    Verdict.COMPLETE: 0,
    Verdict.REPLAN: REPLAN,
    Verdict.WAIT: WAIT,
    Verdict.BLOCKED: BLOCKED,
    Verdict.PAUSED: PUT_AWAY,
    Verdict.ARCHIVED: PUT_AWAY,
    Verdict.DELETED: PUT_AWAY,
}
_WORST_FIRST: Final = (REPLAN, BLOCKED, WAIT, PUT_AWAY, 0)
_WITHOUT_TASK: Final[Mapping[Verdict, int]] = {
    **_VERDICTS,
    Verdict.GO: WAIT,  # a task became free just after none was
    Verdict.COMPLETE: COMPLETE,
}


def exit_code(error: Exception) -> int:
    """The exit code for an error."""
    cause = error.cause if isinstance(error, AnswerLost) else error
    if isinstance(cause, BrokenPipeError):
        return PIPE_CLOSED
    if isinstance(error, AnswerLost):
        return ANSWER_LOST
    failed = isinstance(error, StoreError | ConcurrentChange)
    return REFUSED if isinstance(error, PlangateError) and not failed else FAILED


def gate_code(verdicts: Iterable[Verdict]) -> int:
    """The exit code of `gate`: that of the worst verdict, 0 without any."""
    return min((_VERDICTS[verdict] for verdict in verdicts), key=_WORST_FIRST.index, default=0)


def without_task_code(verdict: Verdict | None) -> int:
    """The exit code of `next` without a task, given its plan's verdict; never 0.

    No verdict: nothing is ready in any plan.
    """
    return WAIT if verdict is None else _WITHOUT_TASK[verdict]


def error_lines(error: Exception) -> Iterator[str]:
    """An error for a person: one line, or one for each problem of an input."""
    if isinstance(error, InvalidInput):
        yield from map(str, error.problems)
    elif isinstance(error, PlangateError | AnswerLost):
        yield str(error)
    elif isinstance(error, OSError):
        yield _of_the_system(error)
    else:
        yield f"unexpected {type(error).__name__}: {error}"


def hints(error: Exception) -> Sequence[str]:
    """The notes of an error: what leads on."""
    noted: Sequence[str] = getattr(error, "__notes__", ())
    return noted


def _of_the_system(error: OSError) -> str:
    why = error.strerror or str(error) or type(error).__name__
    return why if error.filename is None else f"{error.filename}: {why}"


def error_facts(error: Exception) -> dict[str, Any]:
    """An error for a program: its type, a message, and its attributes."""
    facts: dict[str, Any] = {
        "type": type(error).__name__,
        "message": "; ".join(error_lines(error)),
    }
    if isinstance(error, InvalidInput):
        facts["problems"] = [asdict(problem) for problem in error.problems]
    elif isinstance(error, PlangateError):
        facts |= {name: fact for name, fact in vars(error).items() if name != "__notes__"}
    elif isinstance(error, AnswerLost):
        facts |= {"recorded": error.recorded, "done": error.done}
    if noted := hints(error):
        facts["hints"] = noted
    return facts
