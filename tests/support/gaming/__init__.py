"""Ways to get work past the gate, each played on a registry, and the finding that names it."""

from tests.support.gaming import of_distributions, of_gates, of_judging, of_work
from tests.support.gaming.player import PLANTS, Gaming, Plant

__all__ = [
    "PLANTS",
    "Gaming",
    "Plant",
    "of_distributions",
    "of_gates",
    "of_judging",
    "of_work",
]
