"""The published JSON Schemas are those of the code, and fit what is stored."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.schemas import PUBLISHED, published

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    "path, text", list(published()), ids=lambda part: getattr(part, "name", "")
)
def test_a_published_schema_is_up_to_date(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: make schemas"


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_a_stored_event_fits_the_schema_published_for_it(golden: Path) -> None:
    schema = json.loads((PUBLISHED / "events" / f"{golden.stem}.schema.json").read_text("utf-8"))
    stored = json.loads(golden.read_text(encoding="utf-8"))["stored"]
    jsonschema.Draft202012Validator(schema).validate(stored)
