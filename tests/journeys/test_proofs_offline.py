"""Proofs are checked by the script in examples/, without plangate on its path."""

import importlib.util
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plangate.application.ledger.ledger import Ledger
from plangate.application.ledger.notes import verifier_key
from plangate.infrastructure.memory.events import memory_event_store
from plangate.infrastructure.memory.ledger import MemoryLedgerStore
from tests.support.clocks import registry_on
from tests.support.ledgers import FixedKey

SCRIPT = Path(__file__).parents[2] / "examples" / "verify_proof.py"
NEEDED = ("cryptography", "cffi", "_cffi_backend", "pycparser")


class Work:
    """A log that grows from checkpoint to checkpoint."""

    def __init__(self) -> None:
        log = memory_event_store()
        self._registry = registry_on(log)
        self.ledger = Ledger(log, MemoryLedgerStore(), FixedKey())
        self._registry.create("Ship it", [{"id": "a", "title": "Bauen 🚢"}], plan_id="p")
        self.notes = [self.ledger.checkpoint().note]
        for score in range(1, 7):
            self._registry.score_prompt("p", "a", score / 10, rationale="so")
            self.notes.append(self.ledger.checkpoint().note)


@pytest.fixture(scope="module")
def work() -> Work:
    return Work()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that has cryptography, and no plangate."""
    folder = tmp_path_factory.mktemp("packages")
    for name in NEEDED:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            place = Path(spec.origin)
            place = place.parent if place.name == "__init__.py" else place
            (folder / place.name).symlink_to(place)
    return folder


Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def check(proof: Any, *words: str, packages: Path | None = None) -> tuple[int, str]:
        held = tmp_path / "proof.json"
        text = proof if isinstance(proof, str) else json.dumps(proof)
        held.write_text(text, encoding="utf-8")
        environment = {"PYTHONUTF8": "1"} | ({"PYTHONPATH": str(packages)} if packages else {})
        done = subprocess.run(
            [sys.executable, "-S", str(SCRIPT), str(held), *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=60,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout

    return check


def test_the_script_has_no_plangate_to_lean_on(tmp_path: Path, alone: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import cryptography, plangate"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(alone)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert "No module named 'plangate'" in done.stderr


def test_a_proof_is_checked_with_its_signature(work: Work, check: Check, alone: Path) -> None:
    key = work.ledger.key().verifier_key
    proof = work.ledger.prove("p@4").model_dump(mode="json")
    code, said = check(proof, "--key", key, packages=alone)
    assert code == 0, said
    first, record, signed = said.splitlines()
    origin = key.partition("+")[0]
    assert first == f"OK: p@4 at position 4 is event 4 of 7 of {origin}"
    assert json.loads(record)["event"]["score"] == 0.3
    assert signed == f"OK: signed by {origin}"


def test_what_cannot_be_checked_is_said(work: Work, check: Check, tmp_path: Path) -> None:
    proof = work.ledger.prove("p@4").model_dump(mode="json")
    code, said = check(proof)
    assert code == 0
    assert "NOT CHECKED: the signature; give --key" in said
    held = tmp_path / "key"
    held.write_text(work.ledger.key().verifier_key + "\n")
    code, said = check(proof, "--key", str(held))
    assert code == 0
    assert "NOT CHECKED: the signature; the package cryptography is not installed" in said


@pytest.mark.parametrize("old", range(7))
@pytest.mark.parametrize("new", [3, 6])
def test_growth_is_checked(work: Work, check: Check, old: int, new: int) -> None:
    if old > new:
        return
    proof = work.ledger.consistency(work.notes[old], work.notes[new]).model_dump(mode="json")
    code, said = check(proof)
    assert (code, said.splitlines()[0].partition(" of ")[0]) == (
        0,
        f"OK: the first {old + 1} events",
    )
    lines = work.notes[new].split("\n")
    forged = "\n".join([*lines[:2], flip(lines[2]), *lines[3:]])
    code, said = check(proof | {"new_checkpoint": forged})
    assert (code, said[:8]) == (1, "REFUTED:")


def flip(text: str) -> str:
    raw = bytearray(b64decode(text))
    raw[-1] ^= 1
    return b64encode(raw).decode()


def forge_data(proof: dict[str, Any]) -> None:
    data = b64decode(proof["leaf_data"])
    assert b'"score":0.3' in data
    proof["leaf_data"] = b64encode(data.replace(b'"score":0.3', b'"score":0.9')).decode()


def forge_size(proof: dict[str, Any]) -> None:
    proof["checkpoint"] = proof["checkpoint"].replace("\n7\n", "\n6\n")


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another score": forge_data,
    "another leaf": lambda proof: proof.update(leaf=2),
    "a leaf beyond": lambda proof: proof.update(leaf=7),
    "another event": lambda proof: proof.update(event_id="p@5"),
    "another position": lambda proof: proof.update(position=5),
    "another step": lambda proof: proof.update(
        proof=[flip(proof["proof"][0]), *proof["proof"][1:]]
    ),
    "a step less": lambda proof: proof.update(proof=proof["proof"][1:]),
    "a step more": lambda proof: proof.update(proof=[*proof["proof"], proof["proof"][0]]),
    "another size": forge_size,
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_proof_is_refuted(
    work: Work, check: Check, alone: Path, forge: Callable[[dict[str, Any]], object]
) -> None:
    proof = work.ledger.prove("p@4").model_dump(mode="json")
    forge(proof)
    code, said = check(proof, "--key", work.ledger.key().verifier_key, packages=alone)
    assert (code, said[:8]) == (1, "REFUTED:")


def test_another_key_is_refuted(work: Work, check: Check, alone: Path) -> None:
    proof = work.ledger.prove("p@4").model_dump(mode="json")
    key = work.ledger.key().verifier_key
    name = key.partition("+")[0]
    another = FixedKey(b"1" * 32).public_key()
    code, said = check(proof, "--key", verifier_key(name, another), packages=alone)
    assert (code, said) == (1, f"REFUTED: {name} has not signed the checkpoint with this key\n")
    code, said = check(proof, "--key", verifier_key("plangate/0a", another), packages=alone)
    assert (code, said[:8]) == (1, "REFUTED:")
    body, _, seal = proof["checkpoint"].rpartition(" ")
    proof["checkpoint"] = f"{body} {flip(seal.strip())}\n"
    code, said = check(proof, "--key", key, packages=alone)
    assert (code, said) == (1, "REFUTED: the signature of the checkpoint does not hold\n")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format":"plangate-inclusion-proof-v1"}', "null"]
)
def test_what_is_not_a_proof_is_refused(check: Check, text: str) -> None:
    code, said = check(text)
    assert (code, said[:14]) == (2, "not understood")
