"""The page about the tools has each with all its arguments and answers, and nothing else."""

import re
from pathlib import Path

import pytest

from plangate.infrastructure.mcp.clients import CLIENTS, Client
from plangate.infrastructure.mcp.resources import templates
from plangate.infrastructure.mcp.server import TOOLS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "mcp.md").read_text("utf-8")
GUIDE = (DOCS / "how-to" / "mcp.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_every_tool_has_a_section() -> None:
    assert list(SECTIONS) == list(TOOLS)


@pytest.mark.parametrize("name", TOOLS)
def test_a_section_says_what_a_client_is_shown(name: str) -> None:
    tool, section = TOOLS[name], SECTIONS[name]
    shown = tool.described()
    schema = shown.input_schema
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    assert [row for row, _ in rows] == list(schema["properties"])
    required = [row for row, text in rows if "(required)" in text]
    assert required == [row for row, _ in rows if row in schema.get("required", [])]
    for row, text in rows:
        for value in schema["properties"][row].get("enum", ()):
            assert f"`{value}`" in text, row
    answer = section[section.index("Answer: ") :]
    assert re.findall(r"`(\w+)`", answer) == list((shown.output_schema or {})["properties"])
    assert tool.description in " ".join(section.split())


def test_every_resource_and_every_client_is_named() -> None:
    for template in templates():
        assert f"`{template.uri_template}`" in PAGE
    for client in Client:
        row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{client}` |"))
        assert CLIENTS[client].path(Path()).name in row
