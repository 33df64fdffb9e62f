"""Writes the published JSON Schemas from the models: `make schemas`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from plangate.application.access.key_store import ApiKey
from plangate.application.access.keys import IssuedKey, KeyList
from plangate.application.bundles.exporter import ExportReport
from plangate.application.bundles.format import (
    BundleEvent,
    BundleHeader,
    BundleManifest,
    BundlePlan,
)
from plangate.application.bundles.importer import ImportReport
from plangate.application.commands import GivenCommand
from plangate.application.drafts import PlanDraft, RevisionDraft
from plangate.application.erasure import Erasure
from plangate.application.evidence.agreement_results import Agreement
from plangate.application.evidence.calibration import Calibration
from plangate.application.evidence.findings import FindingsReport
from plangate.application.evidence.findings_config import FindingsConfig
from plangate.application.history.audit import AuditTrail
from plangate.application.history.diff import PlanDiff
from plangate.application.history.explain import Explanation
from plangate.application.importing.results import PlansImport
from plangate.application.importing.run_scores import RunScore
from plangate.application.ledger.reports import (
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    LedgerRebuild,
    LedgerReport,
    VerifierKey,
)
from plangate.application.operations.reports import (
    BackupReport,
    Checkup,
    CopyReport,
    RestoreReport,
)
from plangate.application.replay.check import CheckReport
from plangate.application.replay.sweep import Sweep
from plangate.application.replay.tune import Tuning
from plangate.application.replay.what_if import WhatIf
from plangate.application.results import PlanList, PlanStatus
from plangate.application.views.attention import Attention
from plangate.infrastructure.http.document import document
from plangate.infrastructure.stored_events.kinds import STORED_KINDS
from plangate.infrastructure.stored_events.records import StoredRecord

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"
_CONTRACTS: dict[str, tuple[type[BaseModel], JsonSchemaMode]] = {
    "plan-file.v1": (PlanDraft, "validation"),
    "revision-file.v1": (RevisionDraft, "validation"),
    "plan-status.v1": (PlanStatus, "serialization"),
    "attention.v1": (Attention, "serialization"),
    "plan-list.v1": (PlanList, "serialization"),
    "backup-report.v1": (BackupReport, "serialization"),
    "restore-report.v1": (RestoreReport, "serialization"),
    "checkup.v1": (Checkup, "serialization"),
    "bundle-header.v1": (BundleHeader, "serialization"),
    "bundle-event.v1": (BundleEvent, "serialization"),
    "bundle-plan.v1": (BundlePlan, "serialization"),
    "bundle-manifest.v1": (BundleManifest, "serialization"),
    "export-report.v1": (ExportReport, "serialization"),
    "import-report.v1": (ImportReport, "serialization"),
    "plans-import.v1": (PlansImport, "serialization"),
    "run-score.v1": (RunScore, "validation"),
    "copy-report.v1": (CopyReport, "serialization"),
    "erasure.v1": (Erasure, "serialization"),
    "audit-trail.v1": (AuditTrail, "serialization"),
    "explanation.v1": (Explanation, "serialization"),
    "plan-diff.v1": (PlanDiff, "serialization"),
    "check-report.v1": (CheckReport, "serialization"),
    "checkpoint.v1": (Checkpoint, "serialization"),
    "consistency-proof.v1": (ConsistencyProof, "serialization"),
    "inclusion-proof.v1": (InclusionProof, "serialization"),
    "ledger-rebuild.v1": (LedgerRebuild, "serialization"),
    "ledger-report.v1": (LedgerReport, "serialization"),
    "verifier-key.v1": (VerifierKey, "serialization"),
    "api-key.v1": (ApiKey, "serialization"),
    "issued-key.v1": (IssuedKey, "serialization"),
    "key-list.v1": (KeyList, "serialization"),
    "sweep.v1": (Sweep, "serialization"),
    "tuning.v1": (Tuning, "serialization"),
    "findings-config.v1": (FindingsConfig, "validation"),
    "findings-report.v1": (FindingsReport, "serialization"),
    "agreement.v1": (Agreement, "serialization"),
    "calibration.v1": (Calibration, "serialization"),
    "what-if.v1": (WhatIf, "serialization"),
}


_COMMAND: TypeAdapter[Any] = TypeAdapter(GivenCommand)


def published() -> Iterator[tuple[Path, str]]:
    """Every schema that is published: its file, and what the file should hold."""
    for name, kind in STORED_KINDS.items():
        record = StoredRecord[kind.event]  # type: ignore[name-defined]
        title = f"{name}, schema version {kind.schema_version}"
        schema = record.model_json_schema(mode="validation")
        schema["$defs"][kind.event.__name__]["properties"].pop("type")  # it is not stored
        yield _written(f"events/{name}.v{kind.schema_version}", title, schema)
    for name, (model, mode) in _CONTRACTS.items():
        schema = model.model_json_schema(mode=mode)
        yield _written(name, f"plangate {name.replace('.v', ', version ')}", schema)
    yield _written("command.v1", "plangate command, version 1", _COMMAND.json_schema())
    openapi = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    yield PUBLISHED / "openapi.v1.json", openapi


def _written(name: str, title: str, schema: dict[str, Any]) -> tuple[Path, str]:
    schema = {"$schema": GenerateJsonSchema.schema_dialect, **schema, "title": title}
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return PUBLISHED / f"{name}.schema.json", text


if __name__ == "__main__":
    for path, text in published():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
