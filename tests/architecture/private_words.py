"""Finds private words: in identifiers, docstrings, comments, strings, titles, schemas and pages."""

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.architecture.language import EXEMPTIONS, PRIVATE_FILES, PRIVATE_WORDS, Exemption

NOT_READ: Final = re.compile(
    r"(?:.*/)?[.]|build/|dist/|mutants/|(?:.*/)?__pycache__/|[^/]+\.egg-info/|plangate/[a-z]+/"
    r"|tests/(?:data|schema/golden)/|tests/architecture/(?:test_)?language\.py"
)
"""What others made, data, links to what is read elsewhere, and the table of private words."""

ANY: Final = "|".join(private.prose for private in PRIVATE_WORDS.values() if private.prose)


NAMED: Final = {
    kind: {"id", "attr", "arg", "name", "asname", "rest", "module"}.intersection(kind._fields)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}
"""The fields of each kind of node that can be identifiers."""


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


def files_in(root: Path, folder: str = "") -> Iterator[str]:
    for path in sorted((root / folder).iterdir()):
        name = folder + path.name
        if NOT_READ.match(f"{name}/" if path.is_dir() else name):
            continue
        if path.is_dir():
            yield from files_in(root, f"{name}/")
        elif name == "Makefile" or name.endswith(
            (".py", ".md", ".toml", ".schema.json", "openapi.v1.json")
        ):
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
    # Reading a file for its comments takes long, and few have a word that is sought.
    if any(_is_found(ANY, line[line.index("#") :]) for line in content.splitlines() if "#" in line):
        for token in tokenize.generate_tokens(io.StringIO(content).readline):
            if token.type == tokenize.COMMENT:
                yield Text(token.start[0], token.string)
    for node in _nodes(ast.parse(content)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield Text(node.lineno, node.value)
            if node.value.isidentifier():
                yield Text(node.lineno, node.value, is_name=True)
        line = getattr(node, "lineno", 1)
        for name in _names_of(node):
            is_title = isinstance(node, ast.FunctionDef) and name.startswith("test_")
            yield Text(line, name, is_name=not is_title)


def _nodes(root: ast.AST) -> Iterator[ast.AST]:
    """All nodes but the contexts of names, in half the time of `ast.walk`."""
    found = [root]
    for node in found:
        for field in node._fields:
            if field == "ctx":
                continue
            held = getattr(node, field, None)
            if isinstance(held, ast.AST):
                found.append(held)
            elif isinstance(held, list):
                found += [each for each in held if isinstance(each, ast.AST)]
    return iter(found)


def _names_of(node: ast.AST) -> Iterator[str]:
    """The identifiers that a node itself has: of a variable, an argument, a function, …"""
    for field in NAMED[type(node)]:
        if isinstance(value := getattr(node, field, None), str):
            yield from value.split(".")


def _in_json(value: Any, content: str) -> Iterator[Text]:
    for key, held in value.items() if isinstance(value, dict) else enumerate(value):
        for text in (key, held):
            if isinstance(text, str) and _may_be_private(text):
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
            for use in uses_in_name(path, text) if text.is_name else uses_in_prose(path, text):
                found.setdefault((path, use.line, use.word), use)
    return [found[key] for key in sorted(found)]


def uses_in_name(path: str, text: Text) -> Iterator[Use]:
    for word in _words_in_name(text.text):
        if re.match(PRIVATE_WORDS[word].within, path):
            exemption = _exemption(path, word, text.text, (0, len(text.text)))
            yield Use(path, text.line, word, text.text, exemption)


@cache
def _words_in_name(name: str) -> tuple[str, ...]:
    parts = "_".join(re.findall(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])", name)).lower()
    return tuple(
        word
        for word, private in PRIVATE_WORDS.items()
        if (private.names and re.search(rf"(?<![^_])(?:{private.names})(?![^_])", parts))
        or (private.classes and re.fullmatch(f"_?(?:{private.classes})", name))
    )


def uses_in_prose(path: str, text: Text) -> Iterator[Use]:
    """Spaces in a pattern stand for any white space, and so do the underscores of titles."""
    if not _is_found(ANY, text.text):
        return
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


@cache
def _may_be_private(text: str) -> bool:
    """Whether a text has a private word, in whichever path it may be: as prose or as a name."""
    return _is_found(ANY, text) or (text.isidentifier() and bool(_words_in_name(text)))


def _found(pattern: str, prose: str) -> Iterator[re.Match[str]]:
    return _compiled(pattern).finditer(prose)


@cache
def _is_found(pattern: str, text: str) -> bool:
    return _compiled(pattern).search(text.replace("_", " ")) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    spaced = pattern.replace(" ", r"\s+")
    return re.compile(rf"\b(?:{spaced})\b", re.IGNORECASE)


def _exemption(path: str, word: str, text: str, span: tuple[int, int]) -> Exemption | None:
    for exemption in EXEMPTIONS:
        if word in exemption.words and re.match(exemption.files, path):
            kept = re.finditer(exemption.text or r"(?s:.*)", text)
            if any(it.start() <= span[0] and span[1] <= it.end() for it in kept):
                return exemption
    return None
