"""The project speaks the field's language: no private word in code, titles, schemas or pages.

`language.py` has the words, what to say instead, and the exemptions. Data that older versions
wrote is not read.
"""

import ast
import io
import json
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.architecture.checkout import ROOT
from tests.architecture.language import EXEMPTIONS, PRIVATE_FILES, PRIVATE_WORDS, Exemption

NOT_READ: Final = re.compile(
    r"(?:.*/)?[.]|build/|dist/|mutants/|(?:.*/)?__pycache__/|[^/]+\.egg-info/|plangate/[a-z]+/"
    r"|tests/(?:data|schema/golden)/|tests/architecture/(?:test_)?language\.py"
)
"""What others made, data, links to what is read elsewhere, and the table of private words."""

ROOMS: Final = {
    "domain": r"domain/",
    "application": r"application/",
    "infrastructure": r"infrastructure/",
    "tests": r"tests/",
    "pages and schemas": r"docs/|[^/]+\.md$",
    "all else": r"plangate/|benchmarks/|examples/|[^/]+(?<!\.md)$",
}


@dataclass(frozen=True)
class Text:
    """A piece of a file to be judged: an identifier, or a sentence."""

    line: int
    text: str
    is_name: bool = False


@dataclass(frozen=True)
class Use:
    """A private word where it is used, and the exemption that lets it stay."""

    path: str
    line: int
    word: str
    text: str
    exemption: Exemption | None

    def __str__(self) -> str:
        say = PRIVATE_WORDS[self.word].say if self.word in PRIVATE_WORDS else "what it is about"
        return f"{self.path}:{self.line}: {self.word!r} in {self.text!r}; say: {say}"


# --- what is read --------------------------------------------------------------


def files_in(root: Path) -> Iterator[str]:
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        kind = path.suffix in {".py", ".md", ".toml"} or name.endswith(".schema.json")
        if (kind or name == "Makefile") and path.is_file() and not NOT_READ.match(name):
            yield name


def texts_of(path: str, content: str) -> Iterator[Text]:
    if path.endswith(".py"):
        yield from _in_code(content)
    elif path.endswith(".json"):
        yield from _in_json(json.loads(content), content)
    else:
        yield Text(1, content)
        for number, line in enumerate(content.splitlines(), 1):
            for name in re.findall(r"(?<=`)[A-Za-z_]\w*(?=[`(])", line):
                yield Text(number, name, is_name=True)


def _in_code(content: str) -> Iterator[Text]:
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            yield Text(token.start[0], token.string)
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(node.lineno, node.value)
            if node.value.isidentifier():
                yield Text(node.lineno, node.value, is_name=True)
        line = getattr(node, "lineno", 1)
        for name in _names_of(node):
            is_title = isinstance(node, ast.FunctionDef) and name.startswith("test_")
            yield Text(line, name, is_name=not is_title)


def _names_of(node: ast.AST) -> Iterator[str]:
    """The identifiers that a node itself has: of a variable, an argument, a function, …"""
    for field in ("id", "attr", "arg", "name", "asname", "rest", "module"):
        if isinstance(value := getattr(node, field, None), str):
            yield from value.split(".")


def _in_json(value: Any, content: str) -> Iterator[Text]:
    for key, held in value.items() if isinstance(value, dict) else enumerate(value):
        for text in (key, held):
            if isinstance(text, str):
                line = content[: content.find(json.dumps(text, ensure_ascii=False))].count("\n") + 1
                yield Text(line, text)
                if text.isidentifier():
                    yield Text(line, text, is_name=True)
        if isinstance(held, dict | list):
            yield from _in_json(held, content)


# --- what is found -------------------------------------------------------------


def uses_in(root: Path) -> list[Use]:
    """Every use of a private word, exempt or not, once a line."""
    found: dict[tuple[str, int, str], Use] = {}
    for path in files_in(root):
        stem = Path(path).stem.removeprefix("test_")
        if path.endswith(".py") and stem in PRIVATE_FILES:
            found[path, 1, stem] = Use(path, 1, stem, Path(path).name, None)
        for text in (
            Text(1, stem, is_name=True),
            *texts_of(path, (root / path).read_text("utf-8")),
        ):
            for use in _uses_in_name(path, text) if text.is_name else _uses_in_prose(path, text):
                found.setdefault((path, use.line, use.word), use)
    return [found[key] for key in sorted(found)]


def _uses_in_name(path: str, text: Text) -> Iterator[Use]:
    parts = "_".join(re.findall(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])", text.text)).lower()
    for word, private in PRIVATE_WORDS.items():
        if not re.match(private.within, path):
            continue
        of_name = private.names and re.search(rf"(?<![^_])(?:{private.names})(?![^_])", parts)
        of_class = private.classes and re.fullmatch(f"_?(?:{private.classes})", text.text)
        if of_name or of_class:
            exemption = _exemption(path, word, text.text, (0, len(text.text)))
            yield Use(path, text.line, word, text.text, exemption)


def _uses_in_prose(path: str, text: Text) -> Iterator[Use]:
    """Spaces in a pattern stand for any white space, and so do the underscores of titles."""
    prose = text.text.replace("_", " ")
    for word, private in PRIVATE_WORDS.items():
        if not private.prose:
            continue
        plain = [match.span() for match in _found(private.but, prose)] if private.but else []
        for match in _found(private.prose, prose):
            begin, end = match.span()
            if any(first <= begin and end <= last for first, last in plain):
                continue
            line = text.line + prose.count("\n", 0, begin)
            shown = " ".join(text.text[max(0, begin - 30) : end + 30].split())
            yield Use(path, line, word, shown, _exemption(path, word, text.text, (begin, end)))


def _found(pattern: str, prose: str) -> Iterator[re.Match[str]]:
    spaced = pattern.replace(" ", r"\s+")
    return re.finditer(rf"\b(?:{spaced})\b", prose, re.IGNORECASE)


def _exemption(path: str, word: str, text: str, span: tuple[int, int]) -> Exemption | None:
    for exemption in EXEMPTIONS:
        if word in exemption.words and re.match(exemption.files, path):
            kept = re.finditer(exemption.text or r"(?s:.*)", text)
            if any(it.start() <= span[0] and span[1] <= it.end() for it in kept):
                return exemption
    return None


# --- the rule, and that it bites -----------------------------------------------


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
        ("domain/planted.py", "def some_wish() -> None: ...", 1, "wish"),
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
        *_uses_in_name("application/views/x.py", as_name),
        *_uses_in_prose("application/views/x.py", Text(1, example)),
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
    assert list(_uses_in_prose("docs/x.md", Text(1, PLAIN_ENGLISH))) == []


GOOD_NAMES: Final = """
accept call calls figures fold history low_reading mark mark_task next_word place reaches reading
recall replace_all ReplaceTask words written
"""


@pytest.mark.parametrize("name", GOOD_NAMES.split())
def test_good_names_are_left_alone(name: str) -> None:
    assert list(_uses_in_name("domain/x.py", Text(1, name, is_name=True))) == []
