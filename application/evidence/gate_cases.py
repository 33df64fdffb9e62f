"""What gates would have stopped: results with an outcome, under several policies.

A result is *stopped* if the gate was tripped right after its score: it fired at this score,
or before it and was not open again. A rejected result is *bad*. Each task has one case for
each source of outcomes, its newest; without a score there is none.

Commands and their times are those that were recorded: no one reacts to the gate.
"""

from array import array
from collections.abc import Sequence

from plangate.application.evidence.scored_results import TRIPPED, ScoredResults, seen_at_scores
from plangate.application.rerun.recorded_commands import RecordedCommand
from plangate.application.rerun.rerun import Rules, replayed


class GateCounts:
    """Cases of the plans added so far, counted by plan and policy, in compact arrays.

    `bad` and `good` count the cases of each plan that has any; `stopped_bad` and
    `stopped_good`, an array for each policy, those that it stops. Rules that are None are the
    recorded policy.
    """

    def __init__(self, rules: Sequence[Rules | None]) -> None:
        self.rules = tuple(rules)
        self.bad, self.good = array("L"), array("L")
        self.stopped_bad = [array("L") for _ in self.rules]
        self.stopped_good = [array("L") for _ in self.rules]

    def add(self, history: Sequence[RecordedCommand], results: ScoredResults) -> None:
        """Add one more plan. Raises what the rules raise."""
        cases = list(results.with_outcomes())
        if not cases:
            return
        bad, row = sum(case.bad for case in cases), list[int]()
        for rules in self.rules:
            tripped = seen_at_scores(replayed(history, rules), TRIPPED)
            stopped = [case.bad for case in cases if tripped[case.score - 1]]
            row += [sum(stopped), len(stopped) - sum(stopped)]
        for column, count in zip(
            self._columns(), [bad, len(cases) - bad, *row[::2], *row[1::2]], strict=True
        ):
            column.append(count)

    def extend(self, part: "GateCounts") -> None:
        """Add the counts of the plans that follow."""
        for mine, others in zip(self._columns(), part._columns(), strict=True):  # noqa: SLF001
            mine.extend(others)

    def _columns(self) -> "list[array[int]]":
        return [self.bad, self.good, *self.stopped_bad, *self.stopped_good]
