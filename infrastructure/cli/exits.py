"""How a command ends: its exit code, and how an error is described.

`gate` and `next` end with the code of a verdict: 10 replan, 11 wait, 12 blocked, 13 put
away (paused, archived or deleted). `gate` ends with 0 for go and complete; `next` with 0
only with a task, and with 14 for a complete plan. A command whose answer could not be written
ends with 74, or with 141 if the reader of a pipe went away, whatever its verdict.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from plangate.domain.errors import InvalidInput, PlangateError
from plangate.domain.vocabulary import Verdict
from plangate.infrastructure.cli.streams import AnswerLost

REFUSED: Final = 1
REPLAN: Final = 10
WAIT: Final = 11
BLOCKED: Final = 12
PUT_AWAY: Final = 13
COMPLETE: Final = 14
ANSWER_LOST: Final = 74
"""What `sysexits.h` calls EX_IOERR."""
PIPE_CLOSED: Final = 141
"""What shells report for a program whose reader went away."""


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
    return ANSWER_LOST if isinstance(error, AnswerLost) else REFUSED


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
        yield f"the system refused: {error}"
    else:
        yield f"unexpected {type(error).__name__}: {error}"


def error_facts(error: Exception) -> dict[str, Any]:
    """An error for a program: its type, a message, and its attributes."""
    facts: dict[str, Any] = {
        "type": type(error).__name__,
        "message": "; ".join(error_lines(error)),
    }
    if isinstance(error, InvalidInput):
        facts["problems"] = [asdict(problem) for problem in error.problems]
    elif isinstance(error, PlangateError):
        facts |= vars(error)
    elif isinstance(error, AnswerLost):
        facts |= {"recorded": error.recorded, "done": error.done}
    return facts
