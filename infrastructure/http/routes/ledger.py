"""Proofs that nothing recorded was altered."""

from typing import Annotated

from fastapi import Body, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from plangate.application.errors import LedgerContradicted, LedgerError, NothingRecorded
from plangate.application.ledger.reports import (
    Checkpoint,
    ConsistencyProof,
    InclusionProof,
    LedgerReport,
    VerifierKey,
)
from plangate.infrastructure.http.bodies import valid
from plangate.infrastructure.http.exchange import Given, answer
from plangate.infrastructure.http.operations import Group
from plangate.infrastructure.http.problems import GIVEN_UP

group = Group("ledger")

_LEDGER = (NothingRecorded, LedgerContradicted, LedgerError)
_NOTE = "plangate.example/log\n12\nqR6j…=\n\n— plangate.example/log Az3g…\n"


class Checkpoints(BaseModel):
    """Two checkpoints of this log, the older one first."""

    model_config = ConfigDict(extra="forbid", strict=True)

    old: str
    new: str


class KeptCheckpoints(BaseModel):
    """Checkpoints that were kept elsewhere, by names that findings will have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    against: dict[str, str] = Field(default={})


_EventId = Annotated[
    str, Path(description="An event id, percent-encoded.", max_length=300, examples=["billing@7"])
]


@group.query("/ledger/key", VerifierKey, refuses=_LEDGER)
async def get_ledger_key(given: Given) -> Response:
    """Show the public key that this log's checkpoints are checked with."""
    return answer(await given.registry.ledger.key())


@group.query("/ledger/checkpoints", Checkpoint, method="POST", refuses=_LEDGER)
async def sign_checkpoint(given: Given) -> Response:
    """Sign the root of the log as it is now. Keep it where the store's writers cannot."""
    return answer(await given.registry.ledger.checkpoint())


@group.query("/ledger/proofs/{event_id}", InclusionProof, refuses=_LEDGER)
async def prove_event(event_id: _EventId, given: Given) -> Response:
    """Prove that an event is in the log now; anyone can check the proof offline."""
    return answer(await given.registry.ledger.prove(event_id))


@group.query("/ledger/consistency", ConsistencyProof, method="POST", refuses=_LEDGER)
async def prove_consistency(
    checkpoints: Annotated[
        Checkpoints, valid(Checkpoints), Body(examples=[{"old": _NOTE, "new": _NOTE}])
    ],
    given: Given,
) -> Response:
    """Prove that the log of one checkpoint is a prefix of that of another."""
    return answer(await given.registry.ledger.consistency(checkpoints.old, checkpoints.new))


@group.query("/ledger/verification", LedgerReport, method="POST", refuses=(*_LEDGER, GIVEN_UP))
async def verify_ledger(
    kept: Annotated[
        KeptCheckpoints, valid(KeptCheckpoints), Body(examples=[{"against": {"june": _NOTE}}])
    ],
    given: Given,
) -> Response:
    """Compare the stored log with the ledger, and with checkpoints that were kept elsewhere."""
    return await given.computed(given.registry.ledger.verify(kept.against))
