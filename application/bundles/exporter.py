"""Export plans to a bundle, one at a time, as they are stored."""

from plangate.application.bundles.format import (
    MAX_LINE,
    MAX_PLANS,
    BundleHeader,
    BundleManifest,
    PlanDigest,
    content_digest,
    encode_event,
    encode_line,
)
from plangate.application.bundles.sealed_file import BundleTarget, SealedWriter, open_for_writing
from plangate.application.errors import CorruptEvent
from plangate.application.event_store import EventFormat, EventStore
from plangate.application.plan_log import PlanIds, selected, stored_plan_events
from plangate.application.progress import Progress
from plangate.application.recorded_event import StoredEntry
from plangate.application.results import Result
from plangate.domain.errors import InvalidInput, Problem


class ExportReport(Result):
    """What a new bundle holds; `content_sha256` is the same for the same plans in any store."""

    plans: int
    events: int
    bytes: int
    content_sha256: str


def export_plans(
    store: EventStore,
    target: BundleTarget,
    plan_ids: PlanIds,
    progress: Progress,
    checkpoint: str | None = None,
) -> ExportReport:
    """Write a bundle of whole plans, each up to its newest event when its turn comes."""
    with open_for_writing(target) as stream:
        writer = SealedWriter(stream)
        digests: dict[str, str] = {}
        events = 0
        writer.write(encode_line(BundleHeader()))
        for plan_id in selected(store, plan_ids, progress):
            if len(digests) == MAX_PLANS:
                problem = f"a bundle holds at most {MAX_PLANS} plans; name those you want"
                raise InvalidInput([Problem("plan_ids", problem)])
            plan = PlanDigest(plan_id, store.format)
            for entry in stored_plan_events(store, plan_id):
                writer.write(_event(plan, entry, store.format))
            closing = plan.closing()
            writer.write(encode_line(closing))
            digests[plan_id] = closing.sha256
            events += closing.events
        manifest = BundleManifest(
            plans=len(digests),
            events=events,
            content_sha256=content_digest(digests),
            file_sha256=writer.sealed(),
            checkpoint=checkpoint,
        )
        writer.end(encode_line(manifest))
        return ExportReport(
            plans=manifest.plans,
            events=manifest.events,
            bytes=writer.size,
            content_sha256=manifest.content_sha256,
        )


def _event(plan: PlanDigest, entry: StoredEntry, format_: EventFormat) -> bytes:
    if not format_.is_as_written(entry):
        why = "its stored bytes are not as plangate writes them"
        raise CorruptEvent(entry.plan_id, entry.version, why, entry.position)
    plan.add(entry)
    line = encode_event(entry)
    if len(line) > MAX_LINE:
        why = f"its line in a bundle would be longer than {MAX_LINE} bytes"
        raise CorruptEvent(entry.plan_id, entry.version, why, entry.position)
    return line
