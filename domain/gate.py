"""What a plan's gate remembers, and when it fires.

The gate judges after each output score, by the rolling confidence:

- A *low* is an output score that leaves the rolling confidence below the threshold.
  Lows in a row are counted; an output score that leaves it higher breaks the row.
- The gate *fires* when enough tasks are scored (`min_scored`) and so many lows came in
  a row (`consecutive_lows`). With that it is *tripped*.
- It stays tripped until the rolling confidence reaches `exit_threshold` after an output
  score or a retraction, or until the replan is answered. While tripped it fires at every
  output score, or with `latch` not again.
- A revision, a retry or an approval that answers a replan resets the gate: later scores
  are judged afresh. When no replan is due they change nothing here, or an agent that
  retried each low task would never see the gate fire.
- A retraction counts as nothing, but the gate looks again: a rolling confidence back at
  the threshold breaks the row, one back at `exit_threshold` resets the trip.
- An output score that does not count, since more judges must give theirs, is not looked at.
- A prompt score never fires the gate, so it does not reopen it either: the next output
  score is judged by a rolling confidence it is part of. A dropped task is treated alike.
- Replans are counted since the last approval. The one beyond `max_replans` exhausts
  them: no task is handed out until the gate is approved.

A policy that sets none of this fires whenever the rolling confidence is below the
threshold. Its gate is open before every score and counts no lows, so that replaying
it computes no rolling confidence.
"""

from typing import NamedTuple

from plangate.domain.confidence import reaches
from plangate.domain.policy import Policy
from plangate.domain.values import named


class GateMemory(NamedTuple):
    """What a gate knows of what came before.

    `tripped` from firing until it is open again. `lows` in a row, counted where the policy
    gives the gate a memory. `replans` since the last approval.
    """

    tripped: bool = False
    lows: int = 0
    replans: int = 0

    def judged(self, rolling_confidence: float, policy: Policy) -> "GateMemory":
        """After an output score that led to this rolling confidence."""
        low = not reaches(rolling_confidence, policy.confidence_threshold)
        tripped = self.tripped and not reaches(rolling_confidence, policy.reopens_at)
        return GateMemory(tripped, self.lows + 1 if low else 0, self.replans)

    def reviewed(self, rolling_confidence: float, policy: Policy) -> "GateMemory":
        """After a retraction that led to this rolling confidence."""
        low = not reaches(rolling_confidence, policy.confidence_threshold)
        tripped = self.tripped and not reaches(rolling_confidence, policy.reopens_at)
        return GateMemory(tripped, self.lows if low else 0, self.replans)

    def fired(self) -> "GateMemory":
        """After it fired once more."""
        return named(GateMemory, (True, self.lows, self.replans + 1))

    def reset(self) -> "GateMemory":
        """Open again, once a replan is answered; the replans stay counted.

        Where the policy gives the gate no memory, also at each output score.
        """
        return named(GateMemory, (False, 0, self.replans))

    def threshold(self, policy: Policy) -> float:
        """What the rolling confidence must reach: the exit threshold while tripped."""
        return policy.reopens_at if self.tripped else policy.confidence_threshold

    def fires(self, rolling_confidence: float, policy: Policy) -> bool:
        """Whether the output score just judged makes it fire, given enough evidence."""
        if self.tripped:
            return not policy.latch
        if policy.has_memory:
            return self.lows >= policy.consecutive_lows
        return not reaches(rolling_confidence, policy.confidence_threshold)

    def exhausted(self, policy: Policy) -> bool:
        """Whether it fired more often since the last approval than the policy allows."""
        return policy.max_replans is not None and self.replans > policy.max_replans
