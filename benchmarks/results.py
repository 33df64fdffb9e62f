"""The results of a run, as they are kept in `results.json`."""

from datetime import date
from enum import StrEnum
from statistics import median
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt


class Role(StrEnum):
    """What a contender is in a row."""

    PLANGATE = "plangate"
    LIMIT = "limit"
    ALTERNATIVE = "alternative"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Spread(_Part):
    """The median of all rounds, the lowest and the highest."""

    median: PositiveFloat
    lowest: PositiveFloat
    highest: PositiveFloat

    @classmethod
    def of(cls, values: list[float]) -> Self:
        """The spread of at least one value."""
        return cls(median=median(values), lowest=min(values), highest=max(values))


class Side(_Part):
    """One contender's cost, in the row's unit of cost, for each operation."""

    name: str
    role: Role
    cost: Spread
    rows: PositiveInt | None = None
    """Rows of events that it wrote, or events that it read, in all rounds together."""


class Ratio(_Part):
    """One cost divided by another of the same round."""

    label: str
    value: Spread
    target: str | None = None


class Measurement(_Part):
    """Everything measured at one size."""

    size: PositiveInt
    rounds: PositiveInt
    sides: tuple[Side, ...] = Field(min_length=1)
    ratios: tuple[Ratio, ...]


class Row(_Part):
    """A row of the table; `absent` says why it was not measured."""

    name: str
    title: str
    operation: str
    """What the cost is the cost of, such as a command."""
    cost: str = "µs"
    size: str
    """What the size counts, such as tasks."""
    notes: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    absent: str | None = None


class Environment(_Part):
    """Where it was measured, without names of hosts or paths."""

    processors: PositiveInt
    system: str
    python: str
    sqlite: str
    eventsourcing: str
    postgres: str | None = None


class Results(_Part):
    """One run of the benchmarks."""

    scale: str
    made: date
    seconds: float
    environment: Environment
    rows: tuple[Row, ...]
