"""How often findings name what was planted, and how often they name what was not."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from plangate.application.evidence.distributions.distributions import Distributions
from plangate.application.evidence.finding import FROM_DISTRIBUTIONS, Finding, FindingKind
from plangate.infrastructure.statistics import load_statistics
from tests.support.judge_worlds.plants import HONEST, PLANTED
from tests.support.judge_worlds.world import World

PLANS: Final = (30, 100)


def findings(world: World, seed: int) -> list[Finding]:
    """What is found in a world."""
    distributions = Distributions()
    for sample in world.samples(seed):
        distributions.add(sample)
    return list(distributions.findings(load_statistics))


def found_in(world: World, worlds: int) -> Counter[FindingKind]:
    """In how many worlds each kind is found at least once."""
    found: Counter[FindingKind] = Counter()
    for seed in range(worlds):
        found.update({one.kind for one in findings(world, seed)})
    return found


def power(worlds: int) -> Iterator[str]:
    """A row for each fault and size: how often it is found."""
    yield "| planted | size | " + " | ".join(f"in {n} plans" for n in PLANS) + " |"
    yield "|---|---|" + "---|" * len(PLANS)
    for planted in PLANTED:
        for size in planted.sizes:
            shares = []
            for plans in PLANS:
                world = planted.world(replace(HONEST["three judges"], plans=plans), size)
                shares.append(f"{found_in(world, worlds)[planted.kind] / worlds:.0%}")
            row = f"| `{planted.kind}`: {planted.what} | {size:g} | {' | '.join(shares)} |"
            yield row.replace("%", " %")


def false_alarms(worlds: int) -> Iterator[str]:
    """A row for each honest world: how often anything is found, and what."""
    yield "| honest world | anything found | what |"
    yield "|---|---|---|"
    for name, honest in HONEST.items():
        any_of, kinds = 0, Counter[FindingKind]()
        for seed in range(worlds):
            world = replace(honest, plans=PLANS[seed % len(PLANS)])
            found = {one.kind for one in findings(world, seed)}
            any_of += bool(found)
            kinds.update(found)
        what = ", ".join(f"`{kind}` {kinds[kind]}" for kind in FROM_DISTRIBUTIONS if kinds[kind])
        yield f"| {name} | {any_of} of {worlds:,} | {what or 'nothing'} |"
