"""A store, a bundle and idempotency keys of an older version are led through this one.

`tests/data/layout-3/README.md` says what wrote them, and how.
"""

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

import plangate
from plangate.application.command_context import ContextOptions
from plangate.infrastructure.cli.app import app
from plangate.infrastructure.sqlite.layout import LAYOUT_VERSION

OLD: Final = Path(__file__).parents[1] / "data" / "layout-3"

RENAMED: Final = {
    "fallen": "tripped",
    "gate_fallen": "gate_tripped",
    "readings": "samples",
    "troubled": "with_failures",
    "wish": "command",
}
"""Keys of answers that have another name since: what the old version wrote, and the name now."""

NEW_TOTALS: Final = (
    *("commands", "assumed", "bells", "stops", "stopped", "outcomes", "rejections"),
    *("below_threshold", "lead_of_rejection", "lead_of_low"),
)
ADDED: Final[dict[str, set[str]]] = {
    "status": {"verdict", "may_continue", "evidence", "recorded", "changes_at"},
    "explain": {"evidence", "flip_pair", "outlook"},
    "prompt": {"raw_score", "scale", "clamped", "occurred_at", "judges"},
    "output": {"raw_score", "scale", "clamped", "occurred_at", "judges"},
    "flip": {"judge"},
    "moves": {"judge", "sentence"},
    "tasks": {"deferred", "missing_judges"},
    "obstacles": {"reasons"},
    "event": {"type", "scale", "occurred_at", "accept"},
    "policy": {"scarce_evidence", "judges", "min_judges"},
    "recorded_policy": {"scarce_evidence", "judges", "min_judges"},
    "evidence": {"awaits_judges"},
    "whatif": {"assumptions", "changes", "ladder"},
    "plans": {"assumed", "first_rejection", "first_low"},
    "recorded": {"scored", *NEW_TOTALS},
    "replayed": {"scored", *NEW_TOTALS},
    "samples": {"recorded_scored", "replayed_scored"},
    "before": {"scored"},
    "after": {"scored"},
    "view_plans": {
        *("verdict", "may_continue", "changes_at"),
        *("scored", "scoring_failed", "clamped", "done_unscored", "highest_priority"),
        "awaits_judges",
    },
    "view_timeline": {"occurred_at"},
}
"""Keys that answers and tables have gained since, each below another key or a command's name."""

NOW: Final = {"whatif": ["replay", "what-if"], "check": ["replay", "check"]}
"""Commands that have another name since."""

STEADY_AT_FIRST: Final = ["--set", "decay=0.9"]
"""What `steady` was when the answers were recorded: it weighs scores more alike since."""

UPDATES: Final = {
    f"{plan_id}@{version}": f"{plan_id}@{version + 1}"
    for plan_id, versions in {
        "billing": (22,),
        "classic": (6, 9),
        "loop-1": (2,),
        "7b4a37ae431e": (3, 7, 18, 22, 26, 30),
    }.items()
    for version in versions
}
"""Updates: what-if named their prompt scores, and names now the output scores that were judged."""

NAMES_OF_SCORES: Final = {"fired", "first_failure", "samples.event_id"}

SENTENCES: Final = {("status", "advice"), ("explain", "conditions"), ("lost", "why")}
"""Keys, each below another or a command's name, whose text is for people.

It may be worded anew, never left out.
"""

WITH_A_REASON: Final = (
    *("record_scoring_failure", "retract_score", "mark_task", "release", "revise", "retry"),
    *("approve", "pause", "resume", "archive", "restore", "delete"),
)
ANOTHER: Final[dict[str, dict[str, Any]]] = {
    "create": {"goal": "Another goal"},
    "score_prompt": {"score": 0.123},
    "score_output": {"score": 0.123},
    "update": {"prompt_score": 0.123},
    "record_outcome": {"source": "another-source"},
    "next_task": {"worker": "another-worker"},
    "heartbeat": {"lease": 7.5},
    **{verb: {"reason": "Another reason"} for verb in WITH_A_REASON},
}
"""For every verb of a trace an argument that makes it another request."""

ERASED: Final[dict[str, ContextOptions]] = {
    "private": {"idempotency_key": "erase-minimal"},
    "private-too": {"actor": "ana", "correlation_id": "run-6", "idempotency_key": "erase-full"},
}
IMPORTS: Final = (
    ("import", "loopllm.json", "--format", "loopllm"),
    ("import", "taskmaster.json", "--format", "taskmaster", "--actor", "ana"),
)

IMPORTED_NOW: Final = {
    "import-loopllm-8751c5ab09769c0930e44537bef5696b-0": (
        "e1df8a652aeb1fe6cc59f8982017424aa8433bc8bc1aecdbb4a122d878be2b84"
    ),
    "import-loopllm-e184c48d6fdbaa1fe3231a9712382c87-0": (
        "3e895e5fa24bef7b320066fe4629b13d0eb6edb8889da1cefbfe9c9e119e17ae"
    ),
    "import-taskmaster-99b19b1e48144254ddf600c8c2312741-0": (
        "f14a7811bafee02946f6079dacc41016e9ad114d0af52bf8a91decc666c07b2a"
    ),
    "import-taskmaster-3afb338cfa3debb71083f82c1f02aa68-0": (
        "55be5045d8365b506eece204a9c88793aa391e372b7ee5c4165e6e49f1de5b91"
    ),
    "import-taskmaster-3afb338cfa3debb71083f82c1f02aa68-2": (
        "ed6cfe2c71799b6ba63b990f5ea61144fba1f862d4fe8a7a739a44f2680cbbdc"
    ),
}
"""Commands that an import into a fresh store has in place of those it had, by their digests.

The first of each plan creates it: its metadata names the source since, and a task that waited for
a cancelled one waits for what that one waited for. The last deferred the task in review, which was
marked as in progress. All other commands of imports are what they were.
"""


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the old store, which commands use, beside copies of all that came with it."""
    folder = tmp_path / "old"
    shutil.copytree(OLD, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PLANGATE_DB", "plans.sqlite")
    monkeypatch.setenv("PLANGATE_LEDGER_KEY", "ledger.pub")
    return folder / "plans.sqlite"


@pytest.fixture
def fresh(store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that is not there yet, which commands use from now on."""
    monkeypatch.setenv("PLANGATE_DB", "fresh.sqlite")
    return store.with_name("fresh.sqlite")


# --- the store -----------------------------------------------------------------


def test_an_old_store_gives_the_answers_that_were_recorded_with_it(store: Path) -> None:
    stored = events(store)

    for recorded in json_lines("answers.jsonl"):
        assert_same_answer(recorded)

    assert run("replay", "check")["mismatch_count"] == 0
    against = [word for name in checkpoints() for word in ("--against", name)]
    verified = run("ledger", "verify", "--nothing-new", *against)
    assert (verified["compared"], verified["finding_count"]) == (len(stored), 0)
    assert events(store) == stored


def test_migrating_an_old_store_twice_is_harmless(store: Path) -> None:
    stored, rows = events(store), view_rows(store)
    for _ in range(2):
        run("store", "migrate")
        run("store", "doctor")
        assert (events(store), view_rows(store)) == (stored, rows)


def test_the_views_of_an_old_store_rebuilt_are_the_views_that_came_with_it(store: Path) -> None:
    rows = view_rows(store)
    assert all(rows.values())

    report = run("views", "rebuild")

    assert {view["name"]: (view["lag"], view["stuck"]) for view in report["views"]} == {
        view: (0, []) for view in rows
    }
    assert view_rows(store) == rows


def test_work_goes_on_in_an_old_store() -> None:
    before = run("status", "billing")["version"]
    run("task", "mark", "billing", "tax", "done", "--reason", "Done by hand.")
    assert run("status", "billing")["version"] == before + 1
    assert run("replay", "check")["mismatch_count"] == 0
    verified = run("ledger", "verify")
    assert (verified["new"], verified["finding_count"]) == (1, 0)
    (again,) = run("list", "--label", "money")["plans"]
    assert (again["plan_id"], again["version"]) == ("billing", before + 1)


def test_what_was_recorded_under_a_key_is_not_recorded_again(store: Path) -> None:
    stored = events(store)

    applied = run("apply", "commands.trace.jsonl")
    imported = [plan for words in IMPORTS for plan in run(*words)["plans"]]

    assert (applied["recorded"], applied["unchanged"]) == (0, len(commands()))
    assert {plan["outcome"] for plan in imported} == {"already_there"}
    for plan_id, call in ERASED.items():
        assert run("plan", "erase", plan_id, "--yes", *options(call))["rewritten"] == 0
    assert events(store) == stored


def test_another_request_under_a_recorded_key_is_refused(store: Path) -> None:
    stored = events(store)
    with_a_key = [one for one in commands() if "idempotency_key" in one]
    others = [one | ANOTHER[one["op"]] for one in with_a_key if one.get("plan_id") not in ERASED]
    Path("others.jsonl").write_text("\n".join(map(json.dumps, others)), "utf-8")

    refused = run("apply", "others.jsonl", exit_code=3)["refused"]

    assert [one["error"]["type"] for one in refused] == ["IdempotencyKeyReused"] * len(others)
    assert events(store) == stored


# --- the bundle ----------------------------------------------------------------


def test_an_old_bundle_goes_into_a_fresh_store_with_its_keys(fresh: Path) -> None:
    taken_in, again = run("import", "plans.bundle", "--strict"), run("import", "plans.bundle")

    assert taken_in["added"] == taken_in["plans"] == again["already_there"]
    assert (taken_in["recorded"], again["recorded"]) == (taken_in["events"], 0)
    for recorded in json_lines("answers.jsonl"):
        if recorded["command"][0] in {"status", "explain", "whatif", "check"}:
            assert_same_answer(recorded)
    assert run("apply", "commands.trace.jsonl")["recorded"] == 0
    assert digests(fresh) == golden_digests()


def test_an_old_bundle_brings_nothing_new_into_the_store_it_came_from(store: Path) -> None:
    stored = events(store)
    taken_in = run("import", "plans.bundle")
    assert (taken_in["already_there"], taken_in["recorded"]) == (taken_in["plans"], 0)
    assert taken_in["events"] == len(stored)
    assert events(store) == stored


# --- idempotency digests -------------------------------------------------------


def by_verbs(store: Path) -> None:
    """Carry out every command by the registry's method of its name."""
    with plangate.connect(store) as registry:
        for arguments in commands():
            getattr(registry, arguments.pop("op"))(**arguments)
        for plan_id, call in ERASED.items():
            registry.erase(plan_id, **call)


def by_the_command_line(_store: Path) -> None:
    """Carry out every command as a line of a trace, or by the command of its name."""
    run("apply", "commands.trace.jsonl")
    for plan_id, call in ERASED.items():
        run("plan", "erase", plan_id, "--yes", *options(call))


@pytest.mark.parametrize("carry_out", [by_verbs, by_the_command_line])
def test_every_verb_stores_the_digest_it_always_stored(
    fresh: Path, carry_out: Callable[[Path], None]
) -> None:
    carry_out(fresh)
    for words in IMPORTS:
        run(*words)

    expected = golden_digests()
    assert expected.keys() >= IMPORTED_NOW.keys()
    expected |= IMPORTED_NOW
    if carry_out is by_verbs:  # only the command line makes a key where none was given
        expected = {key: it for key, it in expected.items() if not key.startswith("trace-")}
    assert by_kind_of_key(digests(fresh)) == by_kind_of_key(expected)


def by_kind_of_key(digests: dict[str, Any]) -> dict[str, list[Any]]:
    """The digests by key; keys that plangate makes have another form since, but equal digests."""
    found: dict[str, list[Any]] = {}
    for key, digest in digests.items():
        made = re.match("trace-|import-[a-z]+-", key)
        found.setdefault(made[0] if made else key, []).append(digest)
    return {key: sorted(held, key=str) for key, held in found.items()}


def test_the_recorded_digests_are_of_every_verb_twice() -> None:
    golden = golden_digests()
    verbs = Counter(one["op"] for one in commands() if one.get("idempotency_key") in golden)
    assert verbs.keys() == ANOTHER.keys()
    assert min(verbs.values()) >= 2
    assert {call["idempotency_key"] for call in ERASED.values()} <= golden.keys()
    imports = Counter(key.split("-")[1] for key in golden if key.startswith("import-"))
    assert imports.keys() == {"loopllm", "taskmaster"}
    assert min(imports.values()) >= 2


# --- the other way round -------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [("list",), ("store", "migrate"), ("views", "rebuild"), ("apply", "commands.trace.jsonl")],
    ids=lambda words: words[0],
)
def test_a_store_of_a_newer_layout_is_refused_and_left_alone(
    store: Path, words: tuple[str, ...]
) -> None:
    """SQLite's header holds the layout, `user_version`, in its bytes 60 to 63."""
    header = bytearray(store.read_bytes())
    newer = LAYOUT_VERSION + 1
    header[60:64] = newer.to_bytes(4, "big")
    store.write_bytes(header)

    result = CliRunner().invoke(app, ["--json", *words])

    error = json.loads(result.stderr)["error"]
    assert (result.exit_code, result.stdout, error["type"]) == (4, "", "StoreTooNew")
    assert f"layout {newer}" in error["message"]
    assert store.read_bytes() == header


# --- what they share -----------------------------------------------------------


def run(*words: str, exit_code: int = 0) -> Any:
    """What a command answers in JSON."""
    result = CliRunner().invoke(app, ["--json", *words])
    assert result.exit_code == exit_code, (words, result.stderr)
    return json.loads(result.stdout)


def assert_same_answer(recorded: dict[str, Any]) -> None:
    """Compare what a command answers now with what it answered then."""
    words = recorded["command"]
    now = NOW.get(words[0], words[:1])
    given = [*words[1:], *(STEADY_AT_FIRST if words[0] == "whatif" else [])]
    answer, before = (
        as_now(run(*now, *given), words[0]),
        as_recorded(recorded["answer"], words[0]),
    )
    assert rounded(answer) == rounded(before), words


def rounded(value: Any) -> Any:
    """An answer with its figures to 12 decimals: beyond that they hold the order of their sums."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return round(value, 12) if isinstance(value, float) else value


def options(call: Mapping[str, object]) -> list[str]:
    """A command's context as the command line takes it."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in call.items()]


def as_now(value: Any, key: str) -> Any:
    """An answer without the keys that were added, and of sentences only whether there is any."""
    if isinstance(value, list):
        return [as_now(item, key) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: bool(held) if (key, name) in SENTENCES else as_now(held, name)
        for name, held in value.items()
        if name not in ADDED.get(key, ())
    }


def as_recorded(value: Any, key: str) -> Any:
    """A recorded answer as it would be now: keys renamed, no confidence without a score."""
    if isinstance(value, list):
        return [as_recorded(item, key) for item in value]
    if isinstance(value, str) and key in NAMES_OF_SCORES:
        return UPDATES.get(value, value)
    if not isinstance(value, dict):
        return value
    scored = {"prompt_score", "output_score", "confidence"} <= value.keys()
    if scored and value["prompt_score"] is value["output_score"] is None:
        value = value | {"confidence": None}
    found = {}
    for name, held in value.items():
        now = RENAMED.get(name, name)
        below = f"{key}.{now}" if (key, now) == ("samples", "event_id") else now
        found[now] = bool(held) if (key, name) in SENTENCES else as_recorded(held, below)
    return found


def json_lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (OLD / name).read_text("utf-8").splitlines()]


def commands() -> list[dict[str, Any]]:
    return json_lines("commands.trace.jsonl")


def checkpoints() -> list[str]:
    return sorted(path.name for path in OLD.glob("*checkpoint.txt"))


def golden_digests() -> dict[str, str]:
    golden: dict[str, str] = json.loads((OLD / "digests.json").read_text("utf-8"))
    return golden


def asked(store: Path, question: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(store)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(question)]


def events(store: Path) -> list[dict[str, Any]]:
    """Every stored event, column by column."""
    return asked(store, "SELECT * FROM stored_events ORDER BY notification_id")


def digests(store: Path) -> dict[str, str]:
    """The digest of the arguments that is stored under each idempotency key."""
    stored = [json.loads(event["state"])["meta"] for event in events(store)]
    return {
        meta["idempotency_key"]: meta["arguments_digest"]
        for meta in stored
        if "arguments_digest" in meta
    }


def view_rows(store: Path) -> dict[str, list[Any]]:
    """Every row of every view as it lies in the store."""
    views = [mark["view"] for mark in asked(store, "SELECT view FROM view_marks WHERE NOT rebuilt")]
    return {
        view: sorted(
            (
                as_now(as_recorded(row, view), f"view_{view}")
                for row in asked(store, f"SELECT * FROM view_{view}")
            ),
            key=str,
        )
        for view in views
    }
