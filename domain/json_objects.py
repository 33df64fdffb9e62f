"""JSON objects that callers hand in: metadata and evidence, copied and bounded."""

import json
import math
from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import PlainValidator, WithJsonSchema

from plangate.domain.vocabulary import without_nul

MAX_JSON_BYTES: Final = 64 * 1024
MAX_JSON_DEPTH: Final = 32


def _json_object(value: object) -> dict[str, Any]:
    """A copy of `value` exactly as JSON would give it back, or ValueError."""
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")
    _require_json_values(value)
    try:
        encoded = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        size = len(encoded.encode())
    except UnicodeEncodeError:
        raise ValueError("must not hold a lone surrogate") from None
    except ValueError as error:  # an integer of more digits than Python turns into text
        raise ValueError(f"must be JSON: {error}") from None
    if size > MAX_JSON_BYTES:
        raise ValueError(f"must be at most {MAX_JSON_BYTES} bytes of JSON, not {size}")
    copy: dict[str, Any] = json.loads(encoded)
    return copy


def _require_json_values(value: object) -> None:
    seen, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if seen > MAX_JSON_BYTES:
            raise ValueError(f"must be at most {MAX_JSON_BYTES} bytes of JSON")
        waiting += [(member, depth + 1) for member in _members(item, depth)]


def _members(item: object, depth: int) -> Iterable[object]:
    """The members of a JSON value; raises ValueError for what JSON cannot hold."""
    if isinstance(item, dict | list):
        if depth > MAX_JSON_DEPTH:
            raise ValueError(f"must be nested at most {MAX_JSON_DEPTH} deep")
        if isinstance(item, list):
            return item
        for key in item:
            if not isinstance(key, str):
                raise ValueError(f"must be JSON: the key {key!r:.40} is not a string")
            without_nul(key)
        return item.values()
    if isinstance(item, str):
        without_nul(item)
    elif isinstance(item, float):
        if not math.isfinite(item):
            raise ValueError(f"must be JSON, which has no {item}")
    elif item is not None and not isinstance(item, int):
        raise ValueError(f"must be JSON, which has no {type(item).__name__}")
    return ()


JsonObject = Annotated[
    dict[str, Any], PlainValidator(_json_object), WithJsonSchema({"type": "object"})
]
"""Any JSON object of at most 64 KiB, nested at most 32 deep."""
