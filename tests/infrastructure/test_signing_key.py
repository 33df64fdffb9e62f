"""The key of the ledger: created once, readable by its owner alone, never incomplete."""

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from plangate.application.errors import NoLedgerKey
from plangate.application.ledger.notes import verifier_key
from plangate.infrastructure.settings import Settings
from plangate.infrastructure.signing_key import KeyFile

MESSAGE = b"plangate/0a\n1\n=\n"


def test_a_key_is_made_when_it_is_first_needed_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "config" / "plangate" / "ledger.pem"
    signature = KeyFile(path).sign(MESSAGE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["ledger.pem"]
    assert KeyFile(path).verifies(signature, MESSAGE)
    assert not KeyFile(path).verifies(signature, MESSAGE + b"x")


def test_of_many_first_users_one_creates_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    keys = [KeyFile(path) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(KeyFile.public_key, keys))
    assert len(made) == 1
    assert KeyFile(path).known_public_key() in made
    assert [file.name for file in tmp_path.iterdir()] == ["ledger.pem"]


def test_looking_for_a_key_makes_none(tmp_path: Path) -> None:
    path = tmp_path / "ledger.pem"
    with pytest.raises(NoLedgerKey, match="PLANGATE_LEDGER_KEY"):
        KeyFile(path).known_public_key()
    assert not path.exists()


def test_a_verifier_key_checks_and_does_not_sign(tmp_path: Path) -> None:
    private = KeyFile(tmp_path / "ledger.pem")
    signature = private.sign(MESSAGE)
    public = tmp_path / "public"
    public.write_text(verifier_key("plangate/0a", private.public_key()) + "\n")
    assert KeyFile(public).verifies(signature, MESSAGE)
    with pytest.raises(NoLedgerKey, match="holds only a verifier key"):
        KeyFile(public).sign(MESSAGE)


Locked = KeySerializationEncryption


def pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, lock: Locked) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


NO_KEYS = {
    "a text": (b"Dear diary", "is not a key"),
    "nothing": (b"", "is not a key"),
    "no text": (b"\xff\xfe", "is not a key"),
    "a damaged key": (
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "no readable private key",
    ),
    "another kind": (
        pem(ec.generate_private_key(ec.SECP256R1()), NoEncryption()),
        "of another kind",
    ),
    "a locked key": (
        pem(ed25519.Ed25519PrivateKey.generate(), BestAvailableEncryption(b"secret")),
        "no readable private key",
    ),
}


@pytest.mark.parametrize("held, why", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_not_a_key_is_refused_and_left_alone(tmp_path: Path, held: bytes, why: str) -> None:
    path = tmp_path / "ledger.pem"
    path.write_bytes(held)
    with pytest.raises(NoLedgerKey, match=why) as refusal:
        KeyFile(path).sign(MESSAGE)
    assert "BEGIN" not in str(refusal.value)
    assert path.read_bytes() == held


def test_a_path_that_can_hold_no_key_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoLedgerKey, match="cannot create the key"):
        KeyFile(tmp_path / "file" / "ledger.pem").sign(MESSAGE)
    with pytest.raises(NoLedgerKey, match="cannot be read"):
        KeyFile(tmp_path).sign(MESSAGE)
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone" / "ledger.pem")
    with pytest.raises(NoLedgerKey, match="cannot create the key"):
        KeyFile(tmp_path / "nowhere").sign(MESSAGE)


def test_without_the_extra_it_says_which_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(NoLedgerKey, match=r"pip install 'plangate\[ledger\]'"):
        KeyFile(tmp_path / "ledger.pem").sign(MESSAGE)
    assert list(tmp_path.iterdir()) == []


def test_it_is_kept_where_the_settings_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("PLANGATE_LEDGER_KEY", raising=False)
    assert Settings().ledger_key.name == "ledger.pem"
    monkeypatch.setenv("PLANGATE_LEDGER_KEY", str(tmp_path / "other"))
    assert Settings().ledger_key == tmp_path / "other"
