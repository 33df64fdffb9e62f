"""The data of a leaf: an event's position, and the canonical form of its whole record.

Leaf data is the position as 8 bytes, big-endian, followed by the canonical form, a JSON
object that begins with `{`. An entry without a canonical form is encoded as stored: a zero
byte, then plan id, version, name and stored bytes, each after its length in 8 bytes. So no
two entries at different positions have the same data.
"""

from plangate.application.errors import UnreadableEvent
from plangate.application.event_store import EventFormat
from plangate.application.ledger.ledger_store import Leaf
from plangate.application.ledger.merkle_tree import leaf_hash
from plangate.application.recorded_event import StoredEntry


def leaf_data(format_: EventFormat, entry: StoredEntry) -> bytes:
    """The leaf data of an entry, the same before and after an erasure."""
    return at_position(_position(entry), record(format_, entry))


def record(format_: EventFormat, entry: StoredEntry) -> bytes:
    """The leaf data of an entry without its position."""
    try:
        return format_.canonical_form(entry)
    except UnreadableEvent:
        return _as_stored(entry)


def at_position(position: int, record: bytes) -> bytes:
    """The leaf data of a record at a position."""
    return position.to_bytes(8, "big") + record


def leaf_of(number: int, format_: EventFormat, entry: StoredEntry) -> Leaf:
    """The leaf of an entry."""
    hashed = leaf_hash(leaf_data(format_, entry))
    return Leaf(number, _position(entry), entry.event_id, hashed)


def stored_hash(entry: StoredEntry) -> bytes:
    """The leaf hash of an entry encoded as stored, even if it has a canonical form."""
    return leaf_hash(at_position(_position(entry), _as_stored(entry)))


def _as_stored(entry: StoredEntry) -> bytes:
    fields = (entry.plan_id, str(entry.version), str(entry.name))
    parts = (*(text.encode(errors="surrogatepass") for text in fields), entry.state)
    return b"\x00" + b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def _position(entry: StoredEntry) -> int:
    return entry.position or 0  # every entry read from the log has one
