"""Check a proof of plangate's ledger offline, without plangate.

    python verify_proof.py PROOF.json [--key VERIFIER_KEY]

PROOF.json is what `plangate ledger prove` or `plangate ledger consistency` printed;
VERIFIER_KEY what `plangate ledger key` printed, or a file that holds it. Only
Python's standard library is needed; the signatures are checked if the package
`cryptography` is there. Exit code: 0 the proof holds, 1 it does not, 2 it is not a proof.
It says what it could not check.

The arithmetic is that of RFC 9162, sections 2.1.3.2 and 2.1.4.2; the checkpoints are
those of c2sp.org/tlog-checkpoint.
"""

import argparse
import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path


class Refuted(Exception):
    """The proof does not hold, and why."""


def main() -> int:
    """Check the proof that the command line names."""
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("proof", type=Path)
    arguments.add_argument("--key", metavar="VERIFIER_KEY")
    given = arguments.parse_args()
    try:
        proof = json.loads(given.proof.read_text(encoding="utf-8"))
        key = public_key(given.key)
        said, checkpoints = CHECKS[proof["format"]](proof)
        said += [check_signature(checkpoint, key) for checkpoint in checkpoints]
    except Refuted as why:
        print(f"REFUTED: {why}")
        return 1
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        print(f"not understood: {error!r}")
        return 2
    print("\n".join(dict.fromkeys(said)))
    return 0


def check_inclusion(proof: dict) -> tuple[list[str], list[str]]:
    """An event is in the log of a checkpoint."""
    data = b64decode(proof["leaf_data"], validate=True)
    origin, size, root = said_by(proof["checkpoint"])
    leaf = proof["leaf"]
    if not 0 <= leaf < size:
        raise Refuted("the checkpoint does not reach as far as the leaf")
    made = sha256(b"\x00" + data).digest()
    for step, on_the_left in climb(leaf, size - 1, steps_of(proof)):
        made = node(step, made) if on_the_left else node(made, step)
    if made != root:
        raise Refuted("the proof does not lead to the root of the checkpoint")
    position, record = int.from_bytes(data[:8], "big"), data[8:]
    if record[:1] != b"{":
        said = [f"OK: position {position} of {origin} holds what could not be read"]
        return said, [proof["checkpoint"]]
    recorded = json.loads(record)
    event_id = f"{recorded['plan_id']}@{recorded['version']}"
    if (event_id, position) != (proof["event_id"], proof["position"]):
        raise Refuted(f"it proves {event_id} at position {position}, not what it says")
    said = [
        f"OK: {event_id} at position {position} is event {leaf + 1} of {size} of {origin}",
        record.decode(),
    ]
    return said, [proof["checkpoint"]]


def check_consistency(proof: dict) -> tuple[list[str], list[str]]:
    """The log of one checkpoint is the beginning of that of another."""
    origin, old, old_root = said_by(proof["old_checkpoint"])
    other, new, new_root = said_by(proof["new_checkpoint"])
    if origin != other or old > new:
        raise Refuted("the checkpoints are of two logs, or in the wrong order")
    steps = steps_of(proof)
    made = (old_root, old_root if old else new_root)
    if 0 < old < new:
        made = both_roots(old, new, [old_root] * (old & (old - 1) == 0) + steps)
    elif steps:
        raise Refuted("the proof is too long")
    if made != (old_root, new_root):
        raise Refuted("the proof does not lead from one root to the other")
    said = [f"OK: the first {old} events of {origin} are the same among its {new}"]
    return said, [proof["old_checkpoint"], proof["new_checkpoint"]]


def both_roots(old: int, new: int, steps: list[bytes]) -> tuple[bytes, bytes]:
    """The roots that a consistency proof leads to."""
    if not steps:
        raise Refuted("the proof is too short")
    here, last = old - 1, new - 1
    while here % 2:
        here, last = here // 2, last // 2
    made_old = made_new = steps[0]
    for step, on_the_left in climb(here, last, steps[1:]):
        if on_the_left:
            made_old = node(step, made_old)
        made_new = node(step, made_new) if on_the_left else node(made_new, step)
    return made_old, made_new


CHECKS = {
    "plangate-inclusion-proof-v1": check_inclusion,
    "plangate-consistency-proof-v1": check_consistency,
}


def said_by(checkpoint: str) -> tuple[str, int, bytes]:
    """The origin, the size and the root hash of a checkpoint."""
    origin, size, root = checkpoint.rpartition("\n\n")[0].split("\n")
    return origin, int(size), b64decode(root, validate=True)


def check_signature(checkpoint: str, key: tuple[str, bytes, bytes] | None) -> str:
    """Whether the key signed the checkpoint; says so where that cannot be checked."""
    if key is None:
        return "NOT CHECKED: the signature; give --key, from a source you trust"
    name, hashed, public = key
    body, _, signatures = checkpoint.rpartition("\n\n")
    if body.split("\n")[0] != name:
        raise Refuted("the key is of another log than the checkpoint")
    sealed = [line.split(" ") for line in signatures.splitlines()]
    raw = [b64decode(seal, validate=True) for _dash, signer, seal in sealed if signer == name]
    found = [signature[4:] for signature in raw if signature[:4] == hashed]
    if not found:
        raise Refuted(f"{name} has not signed the checkpoint with this key")
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  (it may be absent)
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
            Ed25519PublicKey,
        )
    except ImportError:
        return "NOT CHECKED: the signature; the package cryptography is not installed"
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(found[0], f"{body}\n".encode())
    except InvalidSignature:
        raise Refuted("the signature of the checkpoint does not hold") from None
    return f"OK: signed by {name}"


def public_key(given: str | None) -> tuple[str, bytes, bytes] | None:
    """The name, the hash and the key of a verifier key, or of a file that holds one."""
    if given is None:
        return None
    text = given if "+" in given else Path(given).read_text(encoding="utf-8")
    name, hashed, key = text.strip().split("+", 2)
    public = b64decode(key, validate=True)
    if public[:1] != b"\x01" or sha256(f"{name}\n".encode() + public).hexdigest()[:8] != hashed:
        raise ValueError("that is not an Ed25519 verifier key")
    return name, bytes.fromhex(hashed), public[1:]


def climb(here: int, last: int, steps: list[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The steps from a place up to the root, each with whether it stands on the left."""
    for step in steps:
        if last == 0:
            raise Refuted("the proof is too long")
        on_the_left = here % 2 == 1 or here == last
        while on_the_left and here and here % 2 == 0:
            here, last = here // 2, last // 2
        yield step, on_the_left
        here, last = here // 2, last // 2
    if last:
        raise Refuted("the proof is too short")


def steps_of(proof: dict) -> list[bytes]:
    """The hashes of a proof."""
    return [b64decode(step, validate=True) for step in proof["proof"]]


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees together."""
    return sha256(b"\x01" + left + right).digest()


if __name__ == "__main__":
    sys.exit(main())
