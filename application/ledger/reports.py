"""Results of the ledger; their JSON schemas are published. Bytes are in base64."""

from enum import StrEnum
from typing import Literal

from plangate.application.results import Result


class Checkpoint(Result):
    """A signed note of the log at one moment, and its fields.

    It proves nothing while it is kept beside the database; keep `note` elsewhere.
    """

    note: str
    origin: str
    size: int
    root: str


class VerifierKey(Result):
    """The public key of this log's checkpoints, in C2SP's format."""

    origin: str
    verifier_key: str


class LedgerRebuild(Result):
    """A ledger that was made anew from the log, or that was sound and only extended.

    `findings` lists the first 1,000 of what was wrong with the old one, where it could still be
    compared with the log; `finding_count` counts all. The new one follows the log as it is,
    and cannot show whether that was altered before: verify it against the last checkpoint.
    """

    rebuilt: bool
    size: int
    position: int
    root: str
    finding_count: int
    findings: tuple["LedgerFinding", ...]


class InclusionProof(Result):
    """Proves that an event is in the log of a checkpoint; anyone can check it offline.

    `leaf_data` is the event's position in 8 bytes, big-endian, and the canonical form of its
    record. The hash of a zero byte and this data is leaf number `leaf` (from 0) of the
    checkpoint's tree. `proof` leads from there to the root, as in RFC 9162 (2.1.3.2).
    """

    format: Literal["plangate-inclusion-proof-v1"] = "plangate-inclusion-proof-v1"
    event_id: str
    position: int
    leaf: int
    leaf_data: str
    proof: tuple[str, ...]
    checkpoint: str


class ConsistencyProof(Result):
    """Proves that the log of one checkpoint is a prefix of that of another.

    Nothing that the old one covers was altered, removed or reordered since. `proof` is as in
    RFC 9162 (2.1.4.2).
    """

    format: Literal["plangate-consistency-proof-v1"] = "plangate-consistency-proof-v1"
    proof: tuple[str, ...]
    old_checkpoint: str
    new_checkpoint: str


class LedgerFindingKind(StrEnum):
    """What is wrong.

    `altered`: an event's content was changed. `removed`, `added`, `reordered`: the event is
    gone, is new, or was moved. `unreadable`: it cannot be read. `rewritten`: its bytes are
    not as plangate writes them. `misfiled`: its plan and the log disagree about it.
    `ledger`: the ledger itself was altered. `checkpoint`: the log does not match a
    checkpoint, or another key signed that. `unfounded`: it is new, and the rules do not
    give it.
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
    """Something that is wrong, with the event and its position."""

    kind: LedgerFindingKind
    why: str
    event_id: str | None = None
    position: int | None = None


class LedgerReport(Result):
    """The comparison of the log with the ledger, and with checkpoints.

    `compared` events were compared with leaves. `new` events are not in the ledger yet and
    were only checked against the rules; `new_events` names the first 1,000. `checkpoints`
    counts those given. `findings` lists the first 1,000; `finding_count` counts all.
    """

    position: int
    compared: int
    new: int
    new_events: tuple[str, ...]
    checkpoints: int
    finding_count: int
    findings: tuple[LedgerFinding, ...]
