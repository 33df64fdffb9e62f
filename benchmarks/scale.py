"""How much the benchmarks measure: sizes, rounds and seconds."""

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True)
class Scale:
    """What a run measures. A round times every contender of a row once."""

    name: str
    rounds: int
    long_rounds: int
    """Rounds of rows that take seconds a round."""
    commands: int
    """Commands in a round, at most; fewer where they take longer than `seconds`."""
    seconds: float
    """How long a contender may take in a round before it stops."""
    tasks: tuple[int, ...]
    replayed: tuple[int, ...]
    """Events of the plans that are replayed."""
    logs: tuple[int, ...]
    """Events of the logs that are read as a whole."""
    plans: tuple[int, ...]
    threads: tuple[int, ...]
    processes: tuple[int, ...]
    beside: float
    """Seconds that commands or questions are timed beside another process, in a round."""
    starts: int
    """Processes started in the row on start-up, by each contender."""
    warm_plans: int
    row_seconds: float = 45.0
    """Seconds after which a row begins no further round."""
    warms_up: bool = True


USUAL: Final = Scale(
    name="usual",
    rounds=7,
    long_rounds=3,
    commands=100,
    seconds=0.5,
    tasks=(20, 200, 2_000, 10_000),
    replayed=(100, 1_000, 10_000, 100_000),
    logs=(10_000, 100_000),
    plans=(100, 1_000, 10_000),
    threads=(1, 4, 16),
    processes=(1, 4, 8),
    beside=2.0,
    starts=9,
    warm_plans=200,
)
FULL: Final = replace(USUAL, name="full", logs=(10_000, 100_000, 1_000_000))
QUICK: Final = replace(
    USUAL,
    name="quick",
    rounds=3,
    long_rounds=2,
    commands=40,
    seconds=0.2,
    tasks=(20, 2_000),
    replayed=(100, 1_000, 10_000),
    logs=(2_000, 20_000),
    plans=(100, 1_000),
    threads=(1, 16),
    processes=(1, 4),
    beside=0.7,
    starts=3,
    warm_plans=50,
)
SMOKE: Final = Scale(
    name="smoke",
    rounds=1,
    long_rounds=1,
    commands=3,
    seconds=0.05,
    tasks=(3, 5),
    replayed=(10, 30),
    logs=(150, 300),
    plans=(2, 4),
    threads=(1, 2),
    processes=(1,),
    beside=0.02,
    starts=1,
    warm_plans=3,
    warms_up=False,
)
"""Too small to say anything about speed: it shows that every row can be measured."""
