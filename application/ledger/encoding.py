"""What a leaf is the hash of: an event's position, and the canonical form of its whole record.

Leaf data is the position as 8 bytes, the most significant first, and then the
canonical form, which is a JSON object and so begins with `{`. An entry that has no
canonical form is taken as it is stored: a zero byte, and then plan id, version, name
and stored bytes, each after its length in 8 bytes. So no two entries at no two
places have the same data.
"""

from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventFormat
from plangate.application.ledger.leaves import Leaf
from plangate.application.ledger.merkle_tree import leaf_hash
from plangate.application.recorded_event import StoredEntry


def leaf_data(written: EventFormat, entry: StoredEntry) -> bytes:
    """The bytes that stand for an entry at its place, the same before and after an erasure."""
    return at_position(_position(entry), record(written, entry))


def record(written: EventFormat, entry: StoredEntry) -> bytes:
    """The bytes that stand for an entry wherever it is."""
    try:
        return written.canonical_form(entry)
    except CorruptEvent:
        return _as_it_is(entry)


def at_position(position: int, record: bytes) -> bytes:
    """The leaf data of what is recorded at a position."""
    return position.to_bytes(8, "big") + record


def leaf_of(number: int, written: EventFormat, entry: StoredEntry) -> Leaf:
    """The leaf of an entry."""
    hashed = leaf_hash(leaf_data(written, entry))
    return Leaf(number, _position(entry), entry.event_id, hashed)


def as_it_is(entry: StoredEntry) -> bytes:
    """The hash of an entry's leaf as one makes it who cannot read the entry."""
    return leaf_hash(at_position(_position(entry), _as_it_is(entry)))


def _as_it_is(entry: StoredEntry) -> bytes:
    fields = (entry.plan_id, str(entry.version), str(entry.name))
    parts = (*(text.encode(errors="surrogatepass") for text in fields), entry.state)
    return b"\x00" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _position(entry: StoredEntry) -> int:
    """The position, which an entry read from the whole log always has."""
    return entry.position or 0
