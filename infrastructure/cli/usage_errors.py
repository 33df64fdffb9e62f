"""What is answered to a command line that cannot be understood."""

import json
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final

from plangate.infrastructure.cli.catalogue import GROUPS, every_command
from plangate.infrastructure.cli.render.text import harmless, harmless_json

_AT_MOST: Final = 3
_MACHINERY: Final = {
    r"^Invalid value: ": "",
    r"Value error, ": "",
    r"Input should be a valid number.*": "must be a number, as in 0.85",
    r"Input should be a valid integer.*": "must be a whole number",
    r"Input should be ": "must be ",
}


def write(error: Any, words: Sequence[str]) -> None:
    """Say on stderr what is wrong and how it is used; as JSON where the command line says so."""
    message = _plain(harmless(error.format_message(), lines=True).strip())
    if not message:  # only its help was asked for
        return
    context = getattr(error, "ctx", None)
    usage = "" if context is None else context.get_usage().removeprefix("Usage: ")
    if "--json" in (words[: words.index("--")] if "--" in words else words):
        facts = {"type": "UsageError", "message": message, "usage": " ".join(usage.split())}
        sys.stderr.write(harmless_json(json.dumps({"error": facts})) + "\n")
        return
    lines = [f"usage: {message}"]
    if context is not None:
        path = context.command_path.removeprefix("plangate").strip()
        lines.append(f"  see: plangate help {path}".rstrip())
    sys.stderr.write("\n".join(lines) + "\n")


def _plain(message: str) -> str:
    """The message without the names of the machinery that found the mistake."""
    for pattern, instead in _MACHINERY.items():
        message = re.sub(pattern, instead, message)
    return message


def unknown_command(word: str) -> str:
    """That there is no such command, and which one may be meant."""
    commands = [*every_command(), *GROUPS]
    named_so = [one for one in commands if one.rpartition(" ")[2] == word]
    last_words = {one.rpartition(" ")[2]: one for one in reversed(commands)}
    near = [last_words[one] for one in get_close_matches(word, last_words, n=_AT_MOST)]
    near += get_close_matches(word.replace("-", " "), commands, n=_AT_MOST)
    meant = list(dict.fromkeys([*named_so, *near]))[:_AT_MOST]
    suggested = ", ".join(f"plangate {one}" for one in meant)
    return f"there is no command {word!r:.80}" + (f"; did you mean: {suggested}" if meant else "")
