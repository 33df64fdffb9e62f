"""Refusals carry their facts, say them in a sentence, and travel between processes."""

import copy
import pickle
from inspect import isclass

import pytest

from plangate.application import errors as around
from plangate.application.errors import (
    AlteredBundle,
    AnalysisMissing,
    BundleTooNew,
    ConcurrentChange,
    CorruptEvent,
    DecisionsDiffer,
    ErasesText,
    EventTooNew,
    HistoryDiffers,
    IdempotencyKeyReused,
    KeyNotFound,
    KeyRefused,
    LedgerContradicted,
    LedgerError,
    LogWentBack,
    NoLedgerKey,
    NotAStore,
    NothingRecorded,
    PositionTaken,
    PredecessorMissing,
    StoreError,
    StoreForbidden,
    StoreFull,
    StoreNotEmpty,
    StoreReadOnly,
    StoreReplaced,
    StoreTooNew,
    StoreUnavailable,
    TransactionConflict,
    TransactionRefused,
    UnreadableEvent,
    ViewBehind,
)
from plangate.domain import errors as inside
from plangate.domain.errors import (
    ClaimLost,
    InvalidInput,
    InvalidScore,
    PlanExists,
    PlangateError,
    PlanGone,
    PlanHeld,
    PlanNotFound,
    Problem,
    ScoreNotFound,
    TaskGone,
    TaskNotFound,
    TaskNotReady,
    VersionMismatch,
)
from tests.support.story import said

TOO_LONG = Problem("goal", "must be at most 4000 characters")
NO_SHAPE = Problem("", "must be an object")

SAID: list[tuple[PlangateError, str]] = [
    (PlangateError("it went wrong"), "it went wrong"),
    (InvalidInput([TOO_LONG]), "goal: must be at most 4000 characters"),
    (
        InvalidScore([TOO_LONG, NO_SHAPE]),
        "goal: must be at most 4000 characters; must be an object",
    ),
    (
        TaskNotReady("billing", "backfill", "waits for 'schema'"),
        "the task 'backfill' of the plan 'billing' waits for 'schema'",
    ),
    (
        VersionMismatch("billing", 7, 9),
        "the plan 'billing' is at version 9, not 7; look at it again before going on",
    ),
    (PlanExists("billing"), "there is already a plan 'billing'; ids are not used twice"),
    (KeyRefused("it has expired"), "the API key is refused: it has expired"),
    (KeyNotFound("9f8e7d"), "there is no API key '9f8e7d'"),
    (PlanNotFound("billing"), "there is no plan 'billing'"),
    (PlanGone("billing"), "the plan 'billing' was deleted; its history stays readable"),
    (TaskNotFound("billing", "schema"), "the plan 'billing' has no task 'schema'"),
    (
        TaskGone("billing", "schema", "split into a, b"),
        "the task 'schema' is no longer in the plan 'billing': split into a, b",
    ),
    (
        PlanHeld("billing", "is paused", "resume it to go on"),
        "the plan 'billing' is paused; resume it to go on",
    ),
    (
        ClaimLost("billing", "schema", 2),
        (
            "the claim 2 on the task 'schema' of the plan 'billing' is over; "
            "no worker holds the task now"
        ),
    ),
    (
        ClaimLost("billing", "schema", 2, "ada", 7),
        "the claim 2 on the task 'schema' of the plan 'billing' is over; ada holds it now with 7",
    ),
    (
        ClaimLost("billing", "schema", 2, None, 7),
        (
            "the claim 2 on the task 'schema' of the plan 'billing' is over; "
            "a nameless worker holds it now with 7"
        ),
    ),
    (
        ScoreNotFound("billing", "billing@7"),
        (
            "the plan 'billing' has no score 'billing@7' to retract; "
            "name a score by its event id, as in plan@7"
        ),
    ),
    (
        IdempotencyKeyReused("billing", "k-1"),
        (
            "the idempotency key 'k-1' was already used for another command on plan 'billing'; "
            "a retry repeats its arguments, a new command takes a new key"
        ),
    ),
    (
        ConcurrentChange("billing"),
        "the plan 'billing' kept changing under this command; try again",
    ),
    (
        TransactionConflict("billing"),
        (
            "another writer recorded something that this transaction cannot see; roll it back"
            " and run it again"
        ),
    ),
    (TransactionRefused("it is over"), "it is over"),
    (AnalysisMissing("it needs scipy"), "it needs scipy"),
    (
        AlteredBundle(7, "it is out of place"),
        "the bundle cannot be imported: line 7: it is out of place",
    ),
    (
        BundleTooNew(1, "it has format 2"),
        "the bundle cannot be imported: line 1: it has format 2",
    ),
    (
        ErasesText({"p": 1_000}),
        (
            "the bundle says that the text of these plans was erased, and it is still here: "
            "'p' (events with text: 1,000); nothing was imported. To erase it here too, for good, "
            "import with follow_erasures=True (--follow-erasures)"
        ),
    ),
    (
        DecisionsDiffer(1_000, "p@7", "the rules do not give it"),
        (
            "decisions in the bundle that are not those of the rules: 1,000; the first is p@7: "
            "the rules do not give it; nothing was imported"
        ),
    ),
    (StoreError("no answer"), "no answer"),
    (NotAStore("plans.db is a photograph"), "plans.db is a photograph"),
    (StoreTooNew("plans.db is newer"), "plans.db is newer"),
    (StoreReadOnly("plans.db is read-only"), "plans.db is read-only"),
    (StoreReplaced("plans.db was deleted"), "plans.db was deleted"),
    (StoreFull("no space is left"), "no space is left"),
    (PositionTaken("position 2 is taken"), "position 2 is taken"),
    (LedgerError("p@9 is not in the log"), "p@9 is not in the log"),
    (NothingRecorded(), "nothing is recorded yet: there is nothing to sign"),
    (NoLedgerKey("there is no key"), "there is no key"),
    (
        LedgerContradicted("p@2 was altered"),
        "the ledger contradicts this: p@2 was altered; run `plangate ledger verify` for details",
    ),
    (
        HistoryDiffers("billing", 7),
        (
            "the plan 'billing' is in the target already with another history: "
            "they differ from event billing@7 on"
        ),
    ),
    (
        StoreNotEmpty("plans.db", 40),
        (
            "plans.db holds plans (its last position is 40); restore a backup only"
            " to a new or empty store, or to one where restoring this backup was interrupted"
        ),
    ),
    (StoreUnavailable("plans.db is locked"), "plans.db is locked"),
    (
        PredecessorMissing("billing", 7),
        "event billing@7 cannot be read: it is missing, so no later event can be recorded",
    ),
    (
        LogWentBack("billing", 9, 40, 33),
        (
            "the log went back: event billing@9 at position 40 is gone or replaced, and the log"
            " ends at position 33. Nothing was recorded. Look at the plan as it is now, then"
            " repeat what is missing"
        ),
    ),
    (
        LogWentBack(None, None, 40, 33),
        (
            "the log went back: it ends at position 33, before position 40, which was read before."
            " Look at what is there now, then begin again after a position that it has"
        ),
    ),
    (ViewBehind("plans", 7, 40), "the view 'plans' is at 7, not yet at 40"),
    (CorruptEvent("billing", 7, "not JSON", 40), "event billing@7 cannot be read: not JSON"),
    (CorruptEvent("billing", 7, "not JSON"), "event billing@7 cannot be read: not JSON"),
    (UnreadableEvent("billing", 7, "why"), "event billing@7 cannot be read: why"),
    (
        EventTooNew("billing", 7, "new", 40),
        "event billing@7 cannot be read: new; upgrade plangate (to go on behind it: after 40)",
    ),
    (
        EventTooNew("billing", 7, "new"),
        "event billing@7 cannot be read: new; upgrade plangate",
    ),
    (StoreForbidden("the file cannot be read"), "the file cannot be read"),
]
ERRORS = [pytest.param(error, id=type(error).__name__) for error, _ in SAID]


@pytest.mark.parametrize(
    "error, facts",
    [
        (TaskNotReady, {"plan_id": "billing", "task_id": "schema", "why": "waits for 'x'"}),
        (VersionMismatch, {"plan_id": "billing", "expected": 7, "actual": 9}),
    ],
)
def test_an_error_has_its_facts_as_attributes(
    error: type[PlangateError], facts: dict[str, object]
) -> None:
    assert vars(error(*facts.values())) == facts


def test_every_error_is_tried_here() -> None:
    there_are = {
        value
        for module in (inside, around)
        for value in vars(module).values()
        if isclass(value) and issubclass(value, Exception)
    }

    assert {type(error) for error, _ in SAID} == there_are


@pytest.mark.parametrize(
    "error, sentence", [pytest.param(*said, id=type(said[0]).__name__) for said in SAID]
)
def test_an_error_says_what_is_wrong(error: PlangateError, sentence: str) -> None:
    assert str(error) == sentence


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_travels_between_processes_whole(error: PlangateError) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        arrived = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301

        assert said(arrived) == said(error)
        assert arrived.args == error.args


@pytest.mark.parametrize("error", ERRORS)
def test_a_copy_of_an_error_is_whole(error: PlangateError) -> None:
    assert said(copy.copy(error)) == said(error)
    assert said(copy.deepcopy(error)) == said(error)


def test_the_facts_of_a_refusal_are_attributes() -> None:
    assert vars(InvalidInput([TOO_LONG])) == {"problems": (TOO_LONG,)}
    assert vars(PlanExists("p")) == vars(PlanNotFound("p")) == {"plan_id": "p"}
    assert vars(PlanGone("p")) == vars(ConcurrentChange("p")) == {"plan_id": "p"}
    assert vars(TaskNotFound("p", "t")) == {"plan_id": "p", "task_id": "t"}
    assert vars(TaskGone("p", "t", "dropped")) == {
        "plan_id": "p",
        "task_id": "t",
        "how": "dropped",
    }
    assert vars(PlanHeld("p", "is paused", "resume it")) == {
        "plan_id": "p",
        "why": "is paused",
        "release": "resume it",
    }
    assert vars(ClaimLost("p", "t", 2, "ada", 7)) == {
        "plan_id": "p",
        "task_id": "t",
        "token": 2,
        "holder": "ada",
        "holder_token": 7,
    }
    assert (ClaimLost("p", "t", 2).holder, ClaimLost("p", "t", 2).holder_token) == (None, None)
    assert vars(ScoreNotFound("p", "p@1")) == {"plan_id": "p", "event_id": "p@1"}
    assert vars(IdempotencyKeyReused("p", "k")) == {"plan_id": "p", "key": "k"}
    assert vars(CorruptEvent("p", 7, "why", 40)) == {
        "plan_id": "p",
        "version": 7,
        "why": "why",
        "position": 40,
    }
    assert CorruptEvent("p", 7, "why").position is None
    assert vars(AlteredBundle(7, "why")) == {"line": 7, "why": "why"}
    assert vars(HistoryDiffers("p", 7)) == {"plan_id": "p", "version": 7}


def test_problems_are_kept_as_they_were_at_the_time() -> None:
    problems = [TOO_LONG]
    error = InvalidInput(problems)
    problems.append(NO_SHAPE)

    assert error.problems == (TOO_LONG,)


def test_a_handler_for_the_wider_refusal_catches_the_narrower() -> None:
    assert issubclass(InvalidScore, InvalidInput)
    assert issubclass(PlanGone, PlanNotFound)
    assert issubclass(TaskGone, TaskNotFound)
    assert all(issubclass(type(error), PlangateError) for error, _ in SAID)
    for error in (NotAStore, StoreTooNew, StoreReadOnly, StoreFull, StoreUnavailable, CorruptEvent):
        assert issubclass(error, StoreError)
    assert issubclass(EventTooNew, StoreTooNew)
    assert issubclass(StoreReplaced, StoreError)
    assert issubclass(PositionTaken, StoreError)
    assert issubclass(StoreForbidden, StoreError)
    assert issubclass(HistoryDiffers, StoreError)
    assert issubclass(StoreNotEmpty, StoreError)
    assert issubclass(BundleTooNew, AlteredBundle)
