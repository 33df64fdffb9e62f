"""A process that copies plans until it is done or killed."""

from pathlib import Path

from plangate.application.upkeep import copying
from plangate.infrastructure.bootstrap import connect


def copy_plans(source: Path, target: str, opened: dict[str, str]) -> None:
    """Copy in small pages, so that it can be killed between many of them."""
    copying.PAGE = 20  # type: ignore[misc]
    with connect(source) as ours, connect(target, **opened) as theirs:
        ours.copy_to(theirs)
