"""Writes a letter for each replan of a store of plans, exactly once, whenever it is killed.

    python examples/exactly_once.py plans.db letters.db 60

A letter and the position up to which letters are written are saved in one transaction. So
after a kill the feed continues behind the last letter that is there, and of several such
processes at once only one writes each letter. It ends after 60 seconds without a replan.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import plangate

TABLES = """
CREATE TABLE IF NOT EXISTS letters (event_id TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS feeds (name TEXT PRIMARY KEY, position INTEGER NOT NULL);
INSERT OR IGNORE INTO feeds VALUES ('letters', 0);
"""


def main(plans: Path, letters: Path, patience: float) -> None:
    """Write letters until there was no replan for so long."""
    with (
        plangate.connect(plans) as registry,
        closing(sqlite3.connect(letters, isolation_level=None, timeout=30)) as host,
    ):
        host.executescript(TABLES)
        (position,) = host.execute("SELECT position FROM feeds WHERE name = 'letters'").fetchone()
        for event in registry.subscribe(
            after=position, kinds=["replan-triggered"], timeout=patience
        ):
            write_letter(host, event)


def write_letter(host: sqlite3.Connection, event: plangate.RecordedEvent) -> None:
    """Write the letter of an event, and how far letters are written; both or neither."""
    envelope = event.envelope
    host.execute("BEGIN IMMEDIATE")
    try:
        moved = host.execute(
            "UPDATE feeds SET position = ?1 WHERE name = 'letters' AND position < ?1",
            (envelope.position,),
        )
        if moved.rowcount:  # else another process has written it
            text = f"The plan {envelope.plan_id} needs a replan."
            host.execute("INSERT INTO letters VALUES (?, ?)", (envelope.event_id, text))
        host.execute("COMMIT")
    except BaseException:
        host.rollback()
        raise


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
