"""What a plan's gate remembers, and when it fires.

The gate judges after each output score, by the rolling confidence (the *figure*):

- A *low* is an output score that leaves the figure below the threshold. Lows in a
  row are counted; an output score that leaves it higher breaks the row.
- The gate *fires* when enough tasks are scored (`min_scored`) and so many lows came in
  a row (`consecutive_lows`). With that a *fall* begins.
- The fall lasts until the figure reaches `exit_threshold` after an output score or a
  retraction, or until somebody answers the replan. While it lasts the gate fires at
  every output score, or with `latch` not again.
- A revision, a retry or an approval that answers a replan ends the fall and the row:
  what comes after it is judged afresh. When no replan is due they change nothing here,
  or whoever retried each low task would never see the gate fire.
- A retraction counts as nothing, but the gate looks again: a figure back at the threshold
  breaks the row, one back at `exit_threshold` ends the fall.
- A prompt score never fires the gate, so it does not reopen it either: the next output
  score is judged by a figure it is part of. A task that is dropped is treated alike.
- Replans are counted since the last approval. The one beyond `max_replans` exhausts
  them: no task is handed out until somebody approves.

A policy that says nothing of all this fires whenever the figure is below the
threshold. Its gate is open before every score and counts no lows, so that replaying
it computes no figure.
"""

from typing import NamedTuple

from plangate.domain.confidence import reaches
from plangate.domain.policy import Policy


class GateMemory(NamedTuple):
    """What a gate knows of what came before.

    `tripped` while a fall lasts. `lows` in a row, counted where the policy has a memory.
    `replans` since the last approval.
    """

    tripped: bool = False
    lows: int = 0
    replans: int = 0

    def judged(self, figure: float, policy: Policy) -> "GateMemory":
        """After an output score that led to this figure."""
        low = not reaches(figure, policy.confidence_threshold)
        lows = self.lows + 1 if low else 0
        return GateMemory._make((self._still_tripped(figure, policy), lows, self.replans))

    def reviewed(self, figure: float, policy: Policy) -> "GateMemory":
        """After a retraction that led to this figure."""
        low = not reaches(figure, policy.confidence_threshold)
        lows = self.lows if low else 0
        return GateMemory._make((self._still_tripped(figure, policy), lows, self.replans))

    def fired(self) -> "GateMemory":
        """After it fired once more."""
        return GateMemory._make((True, self.lows, self.replans + 1))

    def afresh(self) -> "GateMemory":
        """Open, whatever came before; only the replans stay counted.

        That is so once a replan is answered, and before each output score where the
        policy has no memory.
        """
        return GateMemory._make((False, 0, self.replans))

    def threshold(self, policy: Policy) -> float:
        """What the figure is held against: during a fall the exit threshold."""
        return policy.reopens_at if self.tripped else policy.confidence_threshold

    def fires(self, figure: float, policy: Policy) -> bool:
        """Whether the output score it has just judged makes it fire, given enough evidence."""
        if self.tripped:
            return not policy.latch
        if policy.has_memory:
            return self.lows >= policy.consecutive_lows
        return not reaches(figure, policy.confidence_threshold)

    def exhausted(self, policy: Policy) -> bool:
        """Whether it fired more often since the last approval than the policy allows."""
        return policy.max_replans is not None and self.replans > policy.max_replans

    def _still_tripped(self, figure: float, policy: Policy) -> bool:
        return self.tripped and not reaches(figure, policy.reopens_at)
