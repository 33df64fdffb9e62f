"""Take bundles apart and put them together again, as a forger would."""

import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Sequence

from plangate.application.bundles.exporter import ExportReport
from plangate.application.bundles.importer import ImportReport
from plangate.application.bundles.sealed_file import SealedWriter
from plangate.application.recorded_event import StoredEntry
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.cli.input.traces import apply_lines, read_lines
from tests.support.real_judgements import RealTrace


def exported(registry: PlanRegistry, *plan_ids: str) -> bytes:
    """A bundle of these plans, or of all."""
    return exported_with_report(registry, *plan_ids)[0]


def exported_with_report(registry: PlanRegistry, *plan_ids: str) -> tuple[bytes, ExportReport]:
    """A bundle and its report."""
    stream = io.BytesIO()
    report = registry.bundles.export(stream, plan_ids or None)
    return stream.getvalue(), report


def imported(
    registry: PlanRegistry, bundle: bytes, *, strict: bool = False, follow_erasures: bool = False
) -> ImportReport:
    """Import a bundle."""
    return registry.bundles.import_bundle(
        io.BytesIO(bundle), strict=strict, follow_erasures=follow_erasures
    )


def lines_in(bundle: bytes) -> list[bytes]:
    """All lines, the manifest last."""
    return gzip.decompress(bundle).splitlines()


def sealed(lines: Sequence[bytes]) -> bytes:
    """A bundle of these lines with a valid seal."""
    stream = io.BytesIO()
    writer = SealedWriter(stream)
    for line in lines[:-1]:
        writer.write(line)
    digest = writer.sealed()
    writer.end(re.sub(rb'(?<="file_sha256":")[0-9a-f]{64}', digest.encode(), lines[-1]))
    return stream.getvalue()


def packed(content: bytes) -> bytes:
    """Some content as the first part of a bundle, and nothing after it."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(content) + packer.flush()


def log_of(registry: PlanRegistry) -> list[StoredEntry]:
    """The whole stored log."""
    return list(registry._store.read_all_stored(limit=1_000_000))


def with_real_trace(registry: PlanRegistry, trace: RealTrace) -> None:
    """Carry out a trace of real judgements."""
    with trace.path.open("rb") as stream:
        for outcome in apply_lines(registry, read_lines(stream), run=None):
            assert outcome.error is None


def content_sha256(lines: Sequence[bytes]) -> str:
    """The content digest worked out from the lines that close the plans, as documented."""
    plans = {}
    for line in lines:
        plan = json.loads(line)
        if plan["line"] == "plan":
            plans[plan["plan_id"]] = plan["sha256"]
    text = "".join(f"{plans[p]}  {p}\n" for p in sorted(plans, key=lambda p: p.encode()))
    return hashlib.sha256(text.encode()).hexdigest()
