"""Contenders take turns: every round times each of them once, so that noise meets all alike.

Ratios are taken within a round; their median and spread over all rounds are kept. A round
before the first only warms up.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from gc import collect
from pathlib import Path
from time import perf_counter
from typing import Final, Protocol, TypeVar

from benchmarks.results import Measurement, Ratio, Role, Side, Spread
from benchmarks.scale import Scale

MICROSECONDS: Final = 1e6


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Contender:
    """Something that is measured: `run` answers with the cost of an operation.

    `prepare` precedes each run, untimed. `rows` counts the rows it wrote or read so far.
    """

    name: str
    role: Role
    run: Callable[[], float]
    prepare: Callable[[], None] = _nothing
    rows: Callable[[], int] | None = None
    target: str | None = None
    """The target of the ratio of this contender's cost to plangate's."""


@dataclass(frozen=True)
class Case:
    """The contenders at one size; plangate comes first."""

    size: int
    contenders: Sequence[Contender]


class _Closes(Protocol):
    def close(self) -> None: ...


_Open = TypeVar("_Open", bound=_Closes)


@dataclass(frozen=True)
class Bench:
    """What every row is given: its scale, a folder of its own, and where to report progress."""

    scale: Scale
    folder: Path
    progress: Callable[[str], None]
    stack: ExitStack
    """What is to be closed at the end of the row."""

    def closing(self, opened: _Open) -> _Open:
        """Close it at the end of the row."""
        self.stack.callback(opened.close)
        return opened


def per_operation(operation: Callable[[], object], at_most: int, seconds: float) -> float:
    """The µs of an operation that is repeated until either is used up."""
    done, started = 0, perf_counter()
    while True:
        operation()
        done += 1
        took = perf_counter() - started
        if done >= at_most or took >= seconds:
            return took / done * MICROSECONDS


def timed(work: Callable[[], object], operations: int) -> float:
    """The µs of an operation, of which `work` does so many."""
    started = perf_counter()
    work()
    return (perf_counter() - started) / operations * MICROSECONDS


def measure(
    bench: Bench, cases: Sequence[Case], rounds: int, growth: str | None = None
) -> tuple[Measurement, ...]:
    """Measure all cases in turn. `growth` is the target of the largest size against the smallest.

    There are fewer rounds where they take longer than the scale has seconds for a row.
    """
    costs: dict[tuple[int, str], list[float]] = {}
    before: dict[tuple[int, str], int] = {}
    started = perf_counter()
    for number in range(0 if bench.scale.warms_up else 1, rounds + 1):
        if number > 1 and perf_counter() - started > bench.scale.row_seconds:
            break
        bench.progress(f"round {number} of {rounds}" if number else "warming up")
        for case in cases:
            for contender in case.contenders:
                key = case.size, contender.name
                if number == 1 and contender.rows:
                    before[key] = contender.rows()
                contender.prepare()
                collect()
                cost = contender.run()
                if number:
                    costs.setdefault(key, []).append(cost)
    return tuple(_measurement(case, cases[0], costs, before, growth) for case in cases)


def _measurement(
    case: Case,
    smallest: Case,
    costs: Mapping[tuple[int, str], list[float]],
    before: Mapping[tuple[int, str], int],
    growth: str | None,
) -> Measurement:
    sides = [
        Side(
            name=one.name,
            role=one.role,
            cost=Spread.of(costs[case.size, one.name]),
            rows=one.rows() - before[case.size, one.name] if one.rows else None,
        )
        for one in case.contenders
    ]
    ours = costs[case.size, case.contenders[0].name]
    ratios = [
        Ratio(
            label=f"{one.name} / {case.contenders[0].name}",
            value=_ratio(costs[case.size, one.name], ours),
            target=one.target,
        )
        for one in case.contenders[1:]
    ]
    if case is not smallest and growth is not None:
        first = costs[smallest.size, smallest.contenders[0].name]
        label = f"{case.size:,} against {smallest.size:,}"
        ratios.append(Ratio(label=label, value=_ratio(ours, first), target=growth))
    return Measurement(size=case.size, rounds=len(ours), sides=tuple(sides), ratios=tuple(ratios))


def _ratio(above: list[float], below: list[float]) -> Spread:
    return Spread.of([one / other for one, other in zip(above, below, strict=True)])
