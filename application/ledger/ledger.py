"""The `registry.ledger` group: sign checkpoints, prove events, verify the log.

The ledger catches up with the log on demand, so recording an event costs nothing more. Any
number of processes may extend it, and each may be killed at any moment: only the first of
two writers saves a page, and the other continues after it.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Final

from plangate.application import telemetry
from plangate.application.errors import LedgerContradicted, NothingRecorded
from plangate.application.event_store import EventStore
from plangate.application.ledger import merkle_tree, notes, reports
from plangate.application.ledger.encoding import leaf_data, leaf_of
from plangate.application.ledger.ledger_store import Leaf, LedgerKey, LedgerStore, TreeHead
from plangate.application.ledger.reports import LedgerFindingKind
from plangate.application.ledger.verification import Verification
from plangate.application.progress import Progress, no_progress, require_progress
from plangate.application.validation import validate_identifier
from plangate.domain.errors import InvalidInput, Problem

PAGE: Final = 5_000
"""How many leaves are saved in one transaction."""

_CONTRADICTIONS: Final = frozenset(
    {
        LedgerFindingKind.ALTERED,
        LedgerFindingKind.REMOVED,
        LedgerFindingKind.ADDED,
        LedgerFindingKind.REORDERED,
    }
)


@telemetry.questions_of("ledger")
class Ledger:
    """Tamper evidence for everything in a store; safe to share between threads."""

    def __init__(self, log: EventStore, store: LedgerStore, key: LedgerKey) -> None:
        self._log = log
        self._store = store
        self._key = key

    def key(self) -> reports.VerifierKey:
        """The public key to check this log's checkpoints with.

        Creates the key if there is none. Raises `NothingRecorded` while the log is empty,
        `NoLedgerKey` if no key can be created.
        """
        self._catch_up(no_progress)
        origin = self._origin()
        return reports.VerifierKey(
            origin=origin, verifier_key=notes.verifier_key(origin, self._key.public_key())
        )

    def checkpoint(self, *, progress: Progress = no_progress) -> reports.Checkpoint:
        """Add new events to the tree and sign its root, as a C2SP checkpoint.

        Keep it where those who can write the database cannot. Raises as `key` does.
        """
        require_progress(progress)
        head = self._catch_up(progress)
        note = notes.Note(self._origin(), head.tree.size, head.tree.root())
        signature = self._key.sign(note.body.encode())
        return reports.Checkpoint(
            note=note.signed(self._key.public_key(), signature),
            origin=note.origin,
            size=note.size,
            root=_text(note.root),
        )

    def verify(
        self, against: Mapping[str, str] | None = None, *, progress: Progress = no_progress
    ) -> reports.LedgerReport:
        """Compare the stored log with the ledger, and with checkpoints kept elsewhere.

        `against` maps a name, used in findings, to each checkpoint. Nothing is written. Events
        that the ledger does not cover yet are only checked against the rules, as by
        `replay.check`. Raises `InvalidInput` for an invalid checkpoint, `NoLedgerKey` if there
        is no key to check it with.
        """
        require_progress(progress)
        _require_named(against)
        named = {name: notes.validate_note(name, text) for name, text in (against or {}).items()}
        signed = {name: note for name, note in named.items() if self._has_signed(note)}
        unsigned = [name for name in named if name not in signed]
        return Verification(self._log, self._store, signed, unsigned).report(progress)

    def rebuild(self, *, progress: Progress = no_progress) -> reports.LedgerRebuild:
        """Make a damaged ledger anew from the log as it is; a sound one is only extended.

        Signs nothing, and cannot know whether the log was altered: verify it against the last
        checkpoint. Raises `LedgerContradicted`, and changes nothing, where a sound ledger
        shows that the log was altered.
        """
        require_progress(progress)
        verification = Verification(self._log, self._store, {}, ())
        report = verification.report(progress)
        damaged = LedgerFindingKind.LEDGER in verification.findings.kinds
        if not damaged and verification.findings.kinds & _CONTRADICTIONS:
            raise LedgerContradicted("it is sound, and the log is not what it was")
        if damaged:
            self._store.clear()
        head = self._catch_up(progress)
        return reports.LedgerRebuild(
            rebuilt=damaged,
            size=head.tree.size,
            position=head.position,
            root=_text(head.tree.root()),
            finding_count=report.finding_count,
            findings=report.findings,
        )

    def prove(self, event_id: str, *, progress: Progress = no_progress) -> reports.InclusionProof:
        """Prove that an event is in the log now; anyone can check the proof offline.

        Raises `InvalidInput` for an unknown event, `LedgerContradicted` if it is not what the
        ledger has, and as `key` does.
        """
        validate_identifier("event_id", _plan_in(event_id))
        checkpoint = self.checkpoint(progress=progress)
        leaf = self._store.find(event_id)
        if leaf is None or leaf.number >= checkpoint.size:  # it came after the checkpoint
            raise InvalidInput([Problem("event_id", f"there is no event {event_id!r}")])
        data = self._data_of(leaf)
        size, number = checkpoint.size, leaf.number
        path = merkle_tree.roots_of(merkle_tree.inclusion_spans(number, size), self._leaves(size))
        if not merkle_tree.is_included(
            leaf.hash, number, size, path, notes.read_note(checkpoint.note).root
        ):
            raise LedgerContradicted("its leaves do not give its root")
        return reports.InclusionProof(
            event_id=event_id,
            position=leaf.position,
            leaf=number,
            leaf_data=_text(data),
            proof=tuple(map(_text, path)),
            checkpoint=checkpoint.note,
        )

    def consistency(self, old: str, new: str) -> reports.ConsistencyProof:
        """Prove that the log of one checkpoint is a prefix of that of another.

        Raises `InvalidInput` unless this ledger signed both, the old one first;
        `LedgerContradicted` if its leaves do not match them.
        """
        before, after = notes.validate_note("old", old), notes.validate_note("new", new)
        if before.size > after.size:
            raise InvalidInput([Problem("old", "covers more than the new checkpoint")])
        for field, note in (("old", before), ("new", after)):
            if not self._has_signed(note):
                problem = "is not signed by the key of this ledger"
                raise InvalidInput([Problem(field, problem)])
        if after.size > self._catch_up(no_progress).tree.size:
            raise LedgerContradicted(f"it has fewer than {after.size:,} events")
        path = merkle_tree.roots_of(
            merkle_tree.consistency_spans(before.size, after.size), self._leaves(after.size)
        )
        sizes = (before.size, before.root, after.size, after.root)
        if before.origin != after.origin or not merkle_tree.is_consistent(*sizes, path):
            raise LedgerContradicted("its leaves do not lead from the one checkpoint to the other")
        return reports.ConsistencyProof(
            proof=tuple(map(_text, path)), old_checkpoint=old, new_checkpoint=new
        )

    # --- the tree ---

    def _catch_up(self, progress: Progress) -> TreeHead:
        """Add the rest of the log, page by page."""
        last = self._log.last_position()
        while True:
            head = self._store.head()
            progress(min(head.position, last), last)
            page = self._log.read_all_stored(after=head.position, limit=PAGE)
            if not page:
                return head
            leaves = [
                leaf_of(number, self._log.format, entry)
                for number, entry in enumerate(page, head.tree.size)
            ]
            grown = head.tree.extended(leaf.hash for leaf in leaves)
            self._store.extend(head, leaves, TreeHead(leaves[-1].position, grown))

    def _origin(self) -> str:
        first = self._store.leaves(first=0, limit=1)
        if not first:
            raise NothingRecorded
        return notes.origin_of(first[0].hash)

    def _leaves(self, size: int) -> Iterator[bytes]:
        for first in range(0, size, PAGE):
            for leaf in self._store.leaves(first=first, limit=min(PAGE, size - first)):
                yield leaf.hash

    # --- what was given ---

    def _has_signed(self, note: notes.Note) -> bool:
        public = self._key.known_public_key()
        return any(
            self._key.verifies(signature, note.body.encode())
            for signature in note.signatures_of(public)
        )

    def _data_of(self, leaf: Leaf) -> bytes:
        """The data of a leaf, from the log."""
        for entry in self._log.read_all_stored(after=leaf.position - 1, limit=1):
            data = leaf_data(self._log.format, entry)
            if merkle_tree.leaf_hash(data) == leaf.hash:
                return data
        raise LedgerContradicted(f"the content of {leaf.event_id} was changed, or it is gone")


def _plan_in(event_id: object) -> object:
    """The plan id in an event id; what is not text stays as it is."""
    return event_id.rpartition("@")[0] if isinstance(event_id, str) else event_id


def _require_named(checkpoints: object) -> None:
    named = isinstance(checkpoints, Mapping) and all(isinstance(name, str) for name in checkpoints)
    if not named and checkpoints is not None:
        raise InvalidInput([Problem("against", "must map names to checkpoints")])


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
