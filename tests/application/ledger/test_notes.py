"""Checkpoints as text: C2SP signed notes, read back exactly or not at all."""

import pytest

from plangate.application.ledger.notes import (
    MAX_NOTE,
    NotANote,
    Note,
    key_hash,
    origin_of,
    public_key_in,
    read_note,
    verifier_key,
)
from tests.support.ledgers import FixedKey

KEY = FixedKey()
NOTE = Note("plangate/0a", 12, bytes(range(32)))
TEXT = NOTE.signed(KEY.public_key(), KEY.sign(NOTE.body.encode()))

# https://pkg.go.dev/golang.org/x/mod/sumdb/note: the verifier key and the note of its example.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


def test_a_note_looks_like_this() -> None:
    assert TEXT.splitlines()[:4] == [
        "plangate/0a",
        "12",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "",
    ]
    assert TEXT.splitlines()[4].startswith("— plangate/0a ")


def test_a_note_is_read_back_with_its_signature() -> None:
    read = read_note(TEXT)
    assert (read.origin, read.size, read.root) == (NOTE.origin, NOTE.size, NOTE.root)
    (signature,) = read.signatures_of(KEY.public_key())
    assert KEY.verifies(signature, read.body.encode())


def test_signatures_of_others_stand_beside_it() -> None:
    witness = "— witness.example/w ZWMwZDEyMzQ1Njc4OTA=\n"
    read = read_note(TEXT + witness)
    assert [name for name, _ in read.signatures] == ["plangate/0a", "witness.example/w"]
    assert read.signatures_of(FixedKey(b"1" * 32).public_key()) == []
    assert len(read.signatures_of(KEY.public_key())) == 1


def test_a_verifier_key_is_written_and_read_as_others_do() -> None:
    public = public_key_in(PETER)
    assert key_hash("PeterNeumann", public).hex() == "c74f20a3"
    assert verifier_key("PeterNeumann", public) == PETER
    assert public_key_in(f"{PETER}\n") == public


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        PETER.replace("Peter", "Petra"),
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER[:-4],
        "a+00000000+!",
    ],
)
def test_an_invalid_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        public_key_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dear diary",
        TEXT.rstrip("\n"),
        TEXT.replace("\n\n", "\n"),
        TEXT.replace("12", "012"),
        TEXT.replace("12", "-12"),
        TEXT.replace("12", "1" * 5000),
        TEXT.replace("12", "¹²"),
        TEXT.replace("12", "12\nmore"),
        TEXT.replace("plangate/0a\n", "\n", 1),
        TEXT.replace("AAEC", "AAE"),
        TEXT.replace("AAECAwQF", ""),
        TEXT.replace("Hh8=", "Hh9="),
        TEXT.replace("— ", "- "),
        TEXT.replace("— plangate/0a ", "— "),
        NOTE.body + "\n— plangate/0a AAAA\n",
        NOTE.body + "\n",
        TEXT + "x",
        TEXT + "— w " + "A" * MAX_NOTE + "\n",
    ],
)
def test_an_invalid_note_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        read_note(text)


def test_an_origin_is_named_after_the_first_leaf() -> None:
    assert origin_of(bytes(range(32))) == "plangate/000102030405060708090a0b0c0d0e0f"
