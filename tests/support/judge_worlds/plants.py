"""What is planted in a world, and in which size; and worlds in which nothing is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from plangate.application.evidence.finding import FindingKind
from plangate.domain.vocabulary import ScorerKind
from tests.support.judge_worlds.world import SimulatedJudge, World

K = FindingKind
A, B, C = (SimulatedJudge(name) for name in ("anna", "bert", "carl"))
USUAL: Final = World((A, B, C))


class Planted(NamedTuple):
    """A kind of fault, and the world with a fault of some size."""

    kind: FindingKind
    what: str
    sizes: tuple[float, ...]
    world: Callable[[World, float], World]


def _judge(world: World, judge: SimulatedJudge) -> World:
    """The world with this judge in the place of the last one."""
    return replace(world, judges=(*world.judges[:-1], judge))


def _swapped(world: World, by: float) -> World:
    before, after = replace(C, until=0.5), SimulatedJudge("dora", bias=by, since=0.5001)
    return replace(world, judges=(before, after), panel=1)


def _new_version(world: World, by: float) -> World:
    before, after = replace(C, until=0.5), replace(C, version="2", bias=by, since=0.5001)
    return replace(world, judges=(A, before, after))


PLANTED: Final = (
    Planted(
        K.JUDGE_MILDER,
        "one of three judges adds",
        (0.1, 0.15, 0.2),
        lambda world, size: _judge(world, replace(C, bias=size)),
    ),
    Planted(
        K.JUDGE_HARSHER,
        "one of three judges takes off",
        (0.1, 0.15, 0.2),
        lambda world, size: _judge(world, replace(C, bias=-size)),
    ),
    Planted(
        K.HEAPED_AT_THRESHOLD,
        "share of lows lifted",
        (0.3, 0.5, 0.8),
        lambda world, size: _judge(world, replace(C, heaps=size)),
    ),
    Planted(
        K.CONSTANT_SCORES,
        "one of three judges always gives",
        (0.8,),
        lambda world, size: _judge(world, replace(C, always=size)),
    ),
    Planted(K.JUDGE_SWAPPED, "the new judge adds", (0.1, 0.15, 0.2), _swapped),
    Planted(K.VERSION_SHIFTED, "the new version adds", (0.1, 0.15, 0.2), _new_version),
    Planted(
        K.RETRACTS_OFTEN,
        "share of an actor's scores retracted",
        (0.1, 0.2, 0.4),
        lambda world, size: replace(world, retracts={**world.retracts, "ada": size}),
    ),
    Planted(
        K.APPROVES_OFTEN,
        "share of an actor's answers",
        (0.6, 0.8, 1.0),
        lambda world, size: replace(world, quality=0.6, approves={**world.approves, "ada": size}),
    ),
    Planted(
        K.PADDED,
        "share of added tasks that are easy",
        (0.2, 0.5, 1.0),
        lambda world, size: replace(world, quality=0.5, adds=0.5, padded=size),
    ),
)

HONEST: Final[dict[str, World]] = {
    "three judges": USUAL,
    "one judge": replace(USUAL, judges=(A,), panel=1),
    "judges that differ by 0.04": replace(USUAL, judges=(replace(A, bias=0.04), B, C)),
    "judges of unequal noise": replace(USUAL, judges=(replace(A, noise=0.2), B, C)),
    "a scale in steps of 0.1": replace(
        USUAL, judges=tuple(replace(j, step=0.1) for j in (A, B, C))
    ),
    "a scale of five grades": replace(
        USUAL, judges=tuple(replace(j, step=0.25) for j in (A, B, C))
    ),
    "work becomes better by 0.15": replace(USUAL, trend=0.15),
    "judges drift by 0.1": replace(USUAL, judges=tuple(replace(j, drift=0.1) for j in (A, B, C))),
    "a judge swapped for its like": _swapped(USUAL, 0.0),
    "a new version that is alike": _new_version(USUAL, 0.0),
    "a program that always passes": replace(
        USUAL, judges=(A, B, SimulatedJudge("tests", always=1.0, kind=ScorerKind.CODE))
    ),
    "good work": replace(USUAL, quality=0.85),
    "work near the threshold": replace(USUAL, quality=0.6),
    "bad work, honest additions": replace(USUAL, quality=0.5, adds=1.0),
}
