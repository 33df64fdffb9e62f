"""What the processes do that write to one file and keep its views, until they are killed."""

import random

from plangate.application.views import runner
from plangate.infrastructure.bootstrap import connect
from tests.support.random_work import RandomWork


def work_at_random(database: str, name: str, seed: int) -> None:
    """Work on plans of one's own."""
    with connect(database) as registry:
        worked = RandomWork(registry, random.Random(seed), name)
        while True:
            worked.go_on(1)


def keep_views(database: str, batch: int) -> None:
    """Ask questions, each of which catches up first."""
    runner.BATCH = batch  # type: ignore[misc]  # small ones, so that many are cut short
    with connect(database) as registry:
        while True:
            registry.views.plans(limit=1)


def rebuild_views(database: str, batch: int) -> None:
    """Make all views again, over and over."""
    runner.BATCH = batch  # type: ignore[misc]  # as above
    with connect(database) as registry:
        while True:
            registry.views.rebuild()


def follow(database: str) -> None:
    """Keep the views in the background, as a server does."""
    with connect(database) as registry:
        registry.views.follow()
        while True:
            registry.views.plans(at_least=registry.history.last_position())
