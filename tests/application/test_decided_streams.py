"""A command that was just decided is not applied twice."""

import random
from dataclasses import replace

from plangate.application.recorded_event import RecordedEvent, StoredEntry
from plangate.application.stream_cache import Stream
from plangate.domain.plan import Plan
from plangate.infrastructure.stored_events.codec import EventCodec
from tests.support.examples import HAS_ERASED
from tests.support.model.histories import recorded, some_history

CODEC = EventCodec()


def entry_of(one: RecordedEvent) -> StoredEntry:
    return StoredEntry(one.envelope.plan_id, one.envelope.version, None, *CODEC.encode(one))


def test_it_leads_to_the_stream_that_its_events_lead_to() -> None:
    for seed in range(30):
        chance = random.Random(seed)
        commands = some_history(chance, 12)
        commands.append(recorded(commands[-1].after, [HAS_ERASED]))
        stream = Stream(Plan(commands[0].before.plan_id))
        for command in commands:
            key = chance.choice([None, f"key-{command.event_id}"])
            first, *others = command.events
            envelope = replace(first.envelope, idempotency_key=key, arguments_digest="digest")
            events = [replace(first, envelope=envelope), *others]
            entries = [entry_of(event) for event in events]
            decided, stream = (
                stream.led_to(command.after, events, entries[-1]),
                stream.followed_by(entries, CODEC),
            )
            assert decided == stream
            assert dict(decided.receipts.items()) == dict(stream.receipts.items())
