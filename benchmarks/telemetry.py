"""What telemetry costs a command where no SDK is set: `python -m benchmarks.telemetry [ROUNDS]`.

The contenders take turns on one plan: the method as it is written, with telemetry in a process
that has not imported OpenTelemetry, and in one that has imported its API. Ratios are taken
within a round, of processor time, which does not include waiting for the disk; their median and
quartiles are printed. Below 1.02 is the target.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from time import process_time
from typing import Any, Final

import opentelemetry.trace

import plangate
from plangate.application import telemetry

_EACH: Final = 50
"""Commands of each contender in one round."""

_IMPORTED: Final = opentelemetry.trace.__name__


def main(rounds: int) -> None:
    """Measure on a durable file, and in memory."""
    with tempfile.TemporaryDirectory() as folder:
        for name, target in (("SQLite", str(Path(folder) / "plans.db")), ("memory", "memory:")):
            with plangate.connect(target) as registry:
                for contender, ratios in _ratios(registry, rounds).items():
                    low, middle, high = quantiles(ratios, n=4)
                    print(f"{name:8} {contender:22} {middle:.4f}  ({low:.4f} to {high:.4f})")


def _ratios(registry: plangate.PlanRegistry, rounds: int) -> Mapping[str, list[float]]:
    """The cost of telemetry in each round, as a ratio to that of the command alone."""
    registry.create("Move billing", [{"id": "a", "title": "A"}], plan_id="p")
    scores = cycle([0.8, 0.9])
    score: Any = plangate.PlanRegistry.score_prompt
    recorded = telemetry.recorded

    def bare() -> None:
        telemetry.recorded = lambda events: None  # noqa: ARG005
        _repeat(lambda: score.__wrapped__(registry, "p", "a", next(scores)))
        telemetry.recorded = recorded

    def reported(module: str) -> Callable[[], None]:
        def run() -> None:
            telemetry._OTEL = module  # type: ignore[misc]  # noqa: SLF001
            _repeat(lambda: score(registry, "p", "a", next(scores)))

        return run

    contenders = {
        "alone": bare,
        "without OpenTelemetry": reported("opentelemetry.missing"),
        "with its API": reported(_IMPORTED),
    }
    found: dict[str, list[float]] = {name: [] for name in contenders if name != "alone"}
    names = list(contenders)
    for number in range(rounds + 1):
        order = names[number % 3 :] + names[: number % 3]
        took = {name: _timed(contenders[name]) for name in order}
        if number:  # the first only warms up
            for name, ratios in found.items():
                ratios.append(took[name] / took["alone"])
    contenders["with its API"]()  # the last one leaves all as it was
    return found


def _repeat(command: Callable[[], object]) -> None:
    for _ in range(_EACH):
        command()


def _timed(work: Callable[[], None]) -> float:
    started = process_time()
    work()
    return process_time() - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
