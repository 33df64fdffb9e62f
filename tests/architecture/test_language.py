"""The project speaks the field's language: no private word in code, titles, schemas or pages.

`language.py` has the words, what to say instead, and the exemptions. Data that older versions
wrote is not read.
"""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.checkout import ROOT
from tests.architecture.language import EXEMPTIONS, PRIVATE_WORDS
from tests.architecture.private_words import (
    NOT_READ,
    Text,
    Use,
    files_in,
    uses_in,
    uses_in_name,
    uses_in_prose,
)

# One worker reads everything for all the tests below.
pytestmark = pytest.mark.xdist_group("language")

ROOMS: Final = {
    "domain": r"domain/",
    "application": r"application/",
    "infrastructure": r"infrastructure/",
    "tests": r"tests/",
    "pages and schemas": r"docs/|[^/]+\.md$",
    "all else": r"plangate/|benchmarks/|examples/|[^/]+(?<!\.md)$",
}


@pytest.fixture(scope="module")
def uses() -> list[Use]:
    return uses_in(ROOT)


@pytest.mark.parametrize("room", ROOMS)
def test_no_private_word_is_used(uses: list[Use], room: str) -> None:
    found = [use for use in uses if use.exemption is None and re.match(ROOMS[room], use.path)]

    assert not found, f"{len(found)} private words:\n" + "\n".join(map(str, found))


def test_no_exemption_outlives_its_reason(uses: list[Use]) -> None:
    assert {use.exemption.reason for use in uses if use.exemption} == {
        exemption.reason for exemption in EXEMPTIONS
    }


def test_every_page_and_every_file_of_code_is_read_and_is_in_one_room() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.md", "docs/schemas"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {name for name in listed.stdout.splitlines() if not NOT_READ.match(name)}
    read = set(files_in(ROOT))

    assert expected - read == set()
    assert {sum(bool(re.match(room, name)) for room in ROOMS.values()) for name in read} == {1}


@pytest.mark.parametrize(
    "path, content, line, word",
    [
        ("domain/planted.py", "def random_wish() -> None: ...", 1, "wish"),
        ("domain/planted.py", "class FoldingError(Exception): ...", 1, "folding"),
        ("domain/planted.py", "x = 1\nx.goes_on(apart=2)", 2, "apart"),
        ("domain/planted.py", "class BundlePlace: ...", 1, "Place"),
        ("domain/telling.py", "", 1, "telling"),
        ("domain/upkeep.py", "", 1, "upkeep"),
        ("application/planted.py", '"""A module.\n\nKept for whoever asks.\n"""', 3, "whoever"),
        ("application/planted.py", "x = 1  # nobody else does it", 1, "nobody"),
        ("application/planted.py", 'raise ValueError(f"{1} is no store")', 1, "is no …"),
        ("application/planted.py", 'KEYS = ("a",\n    "last_reach")', 2, "reach"),
        ("application/views/planted.py", "def save(mark: int) -> None: ...", 1, "mark"),
        ("infrastructure/cli/planted.py", 'Option(help="Tell the version.")', 1, "tell"),
        ("tests/domain/test_planted.py", "def test_a_fall_ends() -> None: ...", 1, "fall"),
        ("tests/support/planted.py", '"""R12: disks fail."""', 1, "R1"),
        ("docs/schemas/planted.v1.schema.json", '{"title":\n"Told"}', 2, "tell"),
        ("docs/schemas/planted.v1.schema.json", '{"properties":\n{"keeper": {}}}', 2, "keeper"),
        ("docs/planted.md", "# Title\n\nOnce the gate has\nfallen", 4, "fallen"),
        ("docs/planted.md", "Call\n`registry.views`, `goes_on()`", 2, "goes_on"),
        ("README.md", "so that\n  who comes second", 1, "so that who"),
        ("CHANGELOG.md", "- What somebody said", 1, "somebody"),
        ("Makefile", "# Done by nobody", 1, "nobody"),
    ],
)
def test_a_planted_private_word_is_found(
    tmp_path: Path, path: str, content: str, line: int, word: str
) -> None:
    planted = tmp_path / path
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(content, "utf-8")

    found = uses_in(tmp_path)

    assert (path, line, word) in {(use.path, use.line, use.word) for use in found}
    assert all(use.exemption is None for use in found)


@pytest.mark.parametrize("word", PRIVATE_WORDS)
def test_each_word_of_the_table_is_found_as_it_is_written_there(word: str) -> None:
    examples = {"is no …": "is no store", "words": "erased words"}
    example = examples.get(word, f"the {word}")
    as_name = Text(1, word, is_name=True)
    found = [
        *uses_in_name("application/views/x.py", as_name),
        *uses_in_prose("application/views/x.py", Text(1, example)),
    ]

    assert word in {use.word for use in found}


PLAIN_ENGLISH: Final = """
The gate is no longer tripped, and there is no such plan. It is no more than a second.
A token that cannot tell its holder apart; two plans are told apart by id; history repeats itself.
Values fall below the threshold, fall back to it, or reach it. The figures add up, of course.
Two tasks apart. Keep out of reach. The words of a search are written in lower case.
A long-standing lease. A low reading. What is happening now? He is outstanding. Marks are set.
"""


def test_plain_english_is_left_alone() -> None:
    assert list(uses_in_prose("docs/x.md", Text(1, PLAIN_ENGLISH))) == []


GOOD_NAMES: Final = """
accept call calls figures fold history low_reading mark mark_task next_word place reaches reading
recall replace_all ReplaceTask words written
"""


@pytest.mark.parametrize("name", GOOD_NAMES.split())
def test_good_names_are_left_alone(name: str) -> None:
    assert list(uses_in_name("domain/x.py", Text(1, name, is_name=True))) == []
