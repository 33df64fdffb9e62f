"""What the ledger answers. At the doors these are contracts; so are the two kinds of proof.

Bytes are in base64.
"""

from enum import StrEnum
from typing import Literal

from plangate.application.results import Result


class Checkpoint(Result):
    """What the log was at a moment: the note, signed, and what it says.

    It binds nobody while it lies beside the database; keep `note` elsewhere.
    """

    note: str
    origin: str
    size: int
    root: str


class VerifierKey(Result):
    """The public key of this log's checkpoints, as C2SP writes such keys."""

    origin: str
    verifier_key: str


class InclusionProof(Result):
    """Proves that an event is in the log of a checkpoint, to anyone, offline.

    `leaf_data` is the event's position in 8 bytes, the most significant first, and
    then the canonical form of its record. The hash of a zero byte and these is leaf
    `leaf` (counted from 0) of the checkpoint's tree; `proof` leads from there to its
    root, as RFC 9162 (2.1.3.2) checks it.
    """

    format: Literal["plangate-inclusion-proof-v1"] = "plangate-inclusion-proof-v1"
    event_id: str
    position: int
    leaf: int
    leaf_data: str
    proof: tuple[str, ...]
    checkpoint: str


class ConsistencyProof(Result):
    """Proves that the log of one checkpoint is the beginning of that of another.

    Nothing that the old one covers was altered, removed or reordered since. `proof` is
    checked as RFC 9162 (2.1.4.2) says.
    """

    format: Literal["plangate-consistency-proof-v1"] = "plangate-consistency-proof-v1"
    proof: tuple[str, ...]
    old_checkpoint: str
    new_checkpoint: str


class LedgerFindingKind(StrEnum):
    """What is wrong.

    `altered`: an event does not say what it said. `removed`, `added`, `reordered`: it is
    gone, was not there, stood elsewhere. `unreadable`: it cannot be read. `rewritten`: its
    bytes are not those that are written for what they say. `misfiled`: reading its plan
    does not give what reading the log gives. `ledger`: the ledger itself was altered.
    `checkpoint`: the log is not what a checkpoint says, or another key signed that.
    `unfounded`: it is new, and nothing that anybody asked for brings it about.
    """

    ALTERED = "altered"
    REMOVED = "removed"
    ADDED = "added"
    REORDERED = "reordered"
    UNREADABLE = "unreadable"
    REWRITTEN = "rewritten"
    MISFILED = "misfiled"
    LEDGER = "ledger"
    CHECKPOINT = "checkpoint"
    UNFOUNDED = "unfounded"


class LedgerFinding(Result):
    """One thing that is wrong, and where: at a position of the log, about an event."""

    kind: LedgerFindingKind
    why: str
    event_id: str | None = None
    position: int | None = None


class LedgerReport(Result):
    """What came of comparing the log with the ledger, and with checkpoints.

    `compared` events were compared. `new` ones came after the ledger last took any in:
    nothing vouches for them yet but that the rules give them; `new_events` names the
    first 1,000. `checkpoints` is how many were looked at. `findings` lists the first
    1,000; `finding_count` counts all.
    """

    position: int
    compared: int
    new: int
    new_events: tuple[str, ...]
    checkpoints: int
    finding_count: int
    findings: tuple[LedgerFinding, ...]
