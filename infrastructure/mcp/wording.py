"""The gate's advice in the terms of the tools.

Advice names commands by their `op`. Here each is put as the call that gives it; ids, which are
quoted, stay as they are.
"""

import re
from typing import Final

_QUOTED: Final = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")

_CALLS: Final = (
    ("revise, retry or approve", "call plan_revise with op revise, retry or approve"),
    ("retry or revise what", "call plan_revise with op retry or revise for what"),
    (": approve;", ": call plan_revise with op approve;"),
    ("approve with accept", "plan_revise with op approve and accept"),
    ("mark_task with status done", "plan_mark with status done"),
    ("and score_prompt again", "and give plan_update a new prompt_score"),
    ("with score_output", "with plan_update"),
    ("with next_task", "with plan_next"),
    ("score or release what", "score with plan_update, or plan_mark with op release, what"),
    ("undefer_task what", "plan_mark with op undefer_task what"),
    ("restore the plan", "call plan_revise with op restore"),
    ("resume the plan", "call plan_revise with op resume"),
)


def by_tools(advice: str) -> str:
    """A line of advice that names tools."""
    parts = _QUOTED.split(advice)
    return "".join(part if number % 2 else _by_tools(part) for number, part in enumerate(parts))


def _by_tools(text: str) -> str:
    for command, call in _CALLS:
        text = text.replace(command, call)
    return text
