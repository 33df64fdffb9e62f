"""The text in stored events that people wrote, and the commitments that replace it once erased."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import get_args

from pydantic import BaseModel

from plangate.domain.vocabulary import Erasable
from plangate.infrastructure.stored_events.kinds import Json
from plangate.infrastructure.stored_events.records import compact

_Value = tuple[Json, str, str]
"""An erasable value: the object that holds it, its key, and its JSON pointer."""


def holds_erasable_text(fact: Json, event: type[BaseModel]) -> bool:
    """Whether an event, in its stored form, has a value that people wrote."""
    return any(True for _ in _erasable_values(fact, event))


def committed(body: Json, event: type[BaseModel]) -> Json:
    """A stored object without its salt, all erasable values replaced by commitments.

    The digest of a command's arguments goes too: a guess at the text could be
    confirmed by it.
    """
    meta, commitments = body["meta"], body.pop("commitments", {})
    salt = bytes.fromhex(meta.pop("salt", ""))
    values = list(_erasable_values(body["event"], event))
    if salt and "arguments_digest" in meta:
        values.append((meta, "arguments_digest", "/meta/arguments_digest"))
    for holder, key, pointer in values:
        commitments[pointer] = _commitment(salt, pointer, holder.pop(key))
    return {**body, "commitments": commitments} if commitments else body


def _commitment(salt: bytes, pointer: str, value: object) -> str:
    digest = hashlib.sha256()
    for part in (salt, pointer.encode(), compact(value, sort_keys=True)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _erasable_values(
    value: Json, model: type[BaseModel], pointer: str = "/event"
) -> Iterator[_Value]:
    """The erasable values of a stored event."""
    for name, inner in _with_erasable_text(model):
        if name not in value:
            continue
        here, held = f"{pointer}/{name}", value[name]
        if inner is None:
            yield value, name, here
        elif isinstance(held, dict):
            yield from _erasable_values(held, inner, here)
        elif isinstance(held, list):
            for index, item in enumerate(held):
                if isinstance(item, dict):
                    yield from _erasable_values(item, inner, f"{here}/{index}")


@cache
def _with_erasable_text(model: type[BaseModel]) -> Sequence[tuple[str, type[BaseModel] | None]]:
    """The fields of a model that are erasable, and those that hold models with such fields."""
    found: list[tuple[str, type[BaseModel] | None]] = []
    for name, info in model.model_fields.items():
        inner = next(iter(get_args(info.annotation)), info.annotation)
        if any(isinstance(note, Erasable) for note in info.metadata):
            found.append((name, None))
        elif (
            isinstance(inner, type) and issubclass(inner, BaseModel) and _with_erasable_text(inner)
        ):
            found.append((name, inner))
    return found
