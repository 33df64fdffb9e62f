"""What was asked and what was promised, noted so that no kill can take it back.

Each line is one `write`: the operating system has it, whatever becomes of the
process.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Self

from plangate.application.registry import PlanRegistry
from tests.support.reliability.errands import Answer, Errand


@dataclass
class Promises:
    """The keys that were asked for, and the answers to those that were acknowledged."""

    asked: set[str] = field(default_factory=set)
    kept: dict[str, Answer] = field(default_factory=dict)

    @property
    def open(self) -> list[Errand]:
        """The errands that were never acknowledged."""
        return [Errand.of(key) for key in sorted(self.asked - self.kept.keys())]

    def take_in(self, log: str) -> None:
        """Read lines: `[key]` when it was asked, `[key, answer]` when acknowledged."""
        for line in log.splitlines():
            key, *answer = json.loads(line)
            self.asked.add(key)
            if answer:
                self.kept[key] = answer[0]

    @classmethod
    def in_logs(cls, logs: Iterable[Path]) -> Self:
        """The promises in all of the logs."""
        promises = cls()
        for log in logs:
            promises.take_in(log.read_text("utf-8"))
        return promises


def wait_for_promises(folder: Path, logs: str, number: int) -> None:
    """Wait until logs hold so many answers.

    On a busy machine processes would else be killed while they start, and hardly at work.
    """
    kept: dict[str, Answer] = {}
    while len(kept) < number:
        sleep(0.01)
        promises = Promises()
        for log in folder.glob(logs):
            text = log.read_text("utf-8")
            promises.take_in(text[: text.rfind("\n") + 1])
        kept = promises.kept


class AckLog:
    """A file of promises, to be written by one worker."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def handle(self, errand: Errand, registry: PlanRegistry) -> Answer:
        """Note that it is asked, ask, note what was answered."""
        self.note(errand.key)
        answer = errand.send(registry)
        self.note(errand.key, answer)
        return answer

    def note(self, *line: Answer) -> None:
        """Write one line."""
        os.write(self._file, (json.dumps(line) + "\n").encode())

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
