"""The statistics port with numpy and scipy: a function for each question."""

from plangate.infrastructure.statistics.agreement import agreement_estimates
from plangate.infrastructure.statistics.distributions import significances
from plangate.infrastructure.statistics.gates import costs, gate_shares, more_outcomes
from plangate.infrastructure.statistics.groups import groups
from plangate.infrastructure.statistics.held_out import held_out
from plangate.infrastructure.statistics.judges import judges
from plangate.infrastructure.statistics.reliability import reliability
from plangate.infrastructure.statistics.resampling import RESAMPLES
from plangate.infrastructure.statistics.shares import shares


class ScipyStatistics:
    """Estimates with numpy and scipy."""

    resamples = RESAMPLES
    reliability = staticmethod(reliability)
    shares = staticmethod(shares)
    held_out = staticmethod(held_out)
    groups = staticmethod(groups)
    gate_shares = staticmethod(gate_shares)
    costs = staticmethod(costs)
    judges = staticmethod(judges)
    more_outcomes = staticmethod(more_outcomes)
    agreement = staticmethod(agreement_estimates)
    significances = staticmethod(significances)
