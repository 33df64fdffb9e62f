"""Write a report: one HTML file that needs nothing else and asks nothing of anyone."""

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from plangate.application.bundles.sealed_file import open_for_writing
from plangate.application.progress import Progress, no_progress
from plangate.application.registry import PlanRegistry
from plangate.application.results import Result
from plangate.domain.errors import PlangateError

_CONTROL: Final = {
    code: "\N{REPLACEMENT CHARACTER}"
    for code in (*range(32), *range(127, 160))
    if chr(code) not in "\t\n"
}
"""Control characters, which no HTML document may hold."""


class CannotReport(PlangateError):
    """The report cannot be written: Jinja is not installed."""


class WrittenReport(Result):
    """A report that was written: where, about how many plans, and its size."""

    file: str
    plans: int
    bytes: int


def write_report(
    registry: PlanRegistry,
    target: str | os.PathLike[str],
    plan_ids: Sequence[str] | None = None,
    *,
    signed: bool = False,
    progress: Progress = no_progress,
) -> WrittenReport:
    """Report on some plans in full, or on the whole store in sum.

    `signed` adds a checkpoint of the ledger, and for each plan proofs of events. The file is
    written completely or not at all. Raises `CannotReport`; `InvalidInput` if the file exists
    already or cannot be written; `PlanNotFound`.
    """
    if find_spec("jinja2") is None:
        raise CannotReport("a report needs jinja2: pip install 'plangate[server]'")
    from plangate.infrastructure.report import pages  # noqa: PLC0415  (an extra)

    path, size = Path(target), 0
    with open_for_writing(path) as stream:
        if plan_ids is None:
            report = pages.of_store(registry, signed=signed, progress=progress)
        else:
            report = pages.of_plans(
                registry, list(dict.fromkeys(plan_ids)), signed=signed, progress=progress
            )
        for text in report.text:
            size += stream.write(text.translate(_CONTROL).encode(errors="replace"))
    return WrittenReport(file=str(path), plans=report.plans, bytes=size)
