"""The checklist of a Markdown text: its list items with checkboxes, nested, below their headings.

What lies in code, quotes and comments is not a task. Nothing is known here of any tool.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.front_matter import front_matter_plugin

_PARSER: Final = MarkdownIt("commonmark", {"maxNesting": 200}).use(front_matter_plugin)
_LISTS: Final = {"bullet_list", "ordered_list"}
_WITHOUT_TASKS: Final = {"front_matter", "fence", "code_block", "html_block", "blockquote"}
_LONGEST_MARK: Final = 3


@dataclass(slots=True)
class Item:
    """A list item with a checkbox: `mark` is what stands in the box.

    `text` is the Markdown behind the box, `number` that of an ordered list; an optional item
    has a star at its box. `body` is the Markdown inside the item that is not another item;
    `nodes` are its blocks.
    """

    mark: str
    text: str
    is_optional: bool
    line: int
    column: int
    number: int | None
    heading: "Heading | None"
    inline: Token
    body: str = ""
    nodes: list[SyntaxTreeNode] = field(default_factory=list)
    items: list["Item"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level from 1, and its line."""

    text: str
    level: int
    line: int


@dataclass(frozen=True, slots=True)
class Checklist:
    """A Markdown text: its front matter, its headings, and its items in order."""

    front_matter: str | None
    headings: Sequence[Heading]
    items: Sequence[Item]
    nodes: Sequence[SyntaxTreeNode]
    lines: Sequence[str]
    unread: Sequence[int] = ()
    """The lines, counted from 1, that look like an item with a checkbox and are none."""

    def every_item(self) -> Iterator[Item]:
        """All items, each before those inside it."""
        waiting = list(reversed(self.items))
        while waiting:
            item = waiting.pop()
            yield item
            waiting += reversed(item.items)


def read_checklist(text: str) -> Checklist:
    """The checklist in a Markdown text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    root = SyntaxTreeNode(_PARSER.parse(text))
    front_matter: str | None = None
    headings: list[Heading] = []
    items: list[Item] = []
    for node in root.children:
        if node.type == "front_matter":
            front_matter = node.content
        elif node.type == "heading":
            level, line = int(node.tag[1:]), _first_line(node) + 1
            headings.append(Heading(_inline(node).content, level, line))
        elif node.type in _LISTS:
            heading = headings[-1] if headings else None
            items += _items(node, lines, heading)
    found = Checklist(front_matter, headings, items, root.children, lines)
    return replace(found, unread=_unread(root, lines, {one.line for one in found.every_item()}))


def _unread(root: SyntaxTreeNode, lines: Sequence[str], read: set[int]) -> list[int]:
    without_tasks = {
        line + 1
        for node in root.walk()
        if node.type in _WITHOUT_TASKS
        for line in range(*_lines_of(node))
    }
    numbered = enumerate(lines, start=1)
    return [
        n
        for n, line in numbered
        if n not in read and n not in without_tasks and _looks_like_item(line)
    ]


def _looks_like_item(line: str) -> bool:
    """Whether a line has a checkbox behind a bullet or a number, with or without spaces."""
    line = line.lstrip()
    behind = line[1:] if line[:1] in {"-", "*", "+"} else line.lstrip("0123456789")[1:]
    behind = behind.lstrip()
    bullet = line[: len(line) - len(behind)].strip()
    is_bullet = bullet in {"-", "*", "+"} or (bullet[:-1].isdigit() and bullet[-1] in ".)")
    mark, closing, text = behind[1:].partition("]")
    is_box = behind.startswith("[") and closing == "]" and mark.strip() in {"", "x", "X"}
    return is_bullet and is_box and len(mark) <= _LONGEST_MARK and text[:1] not in set("([:")


def _items(listed: SyntaxTreeNode, lines: Sequence[str], heading: Heading | None) -> Iterator[Item]:
    """The items of a list, and of lists inside its other items."""
    for node in listed.children:
        item = _item(node, lines, heading)
        inner = [
            found
            for block in node.children
            if block.type in _LISTS
            for found in _items(block, lines, heading)
        ]
        if item is None:
            yield from inner
        else:
            item.items = inner
            item.body = _body(node, lines)
            yield item


def _item(node: SyntaxTreeNode, lines: Sequence[str], heading: Heading | None) -> Item | None:
    if not node.children or node.children[0].type != "paragraph":
        return None
    inline = _inline(node.children[0])
    found = _checkbox(inline.content)
    if found is None:
        return None
    mark, text = found
    is_optional = text.startswith("*") and not text.startswith("**")
    text = text.removeprefix("*") if is_optional else text
    first = _first_line(node)
    line = lines[first]
    number = int(node.info) if node.info else None
    column = len(line) - len(line.lstrip()) + 1
    return Item(
        mark=mark,
        text=text.strip(),
        is_optional=is_optional,
        line=first + 1,
        column=column,
        number=number,
        heading=heading,
        inline=inline,
        nodes=node.children[1:],
    )


def _checkbox(content: str) -> tuple[str, str] | None:
    """What is in the box that the text begins with, and the text behind it."""
    if not content.startswith("["):
        return None
    mark, closing, text = content[1:].partition("]")
    if not closing or len(mark) > _LONGEST_MARK or len(mark.strip()) > 1:
        return None
    if text and not (text[0].isspace() or text[0] == "*"):
        return None
    return mark.strip(), text


def _body(node: SyntaxTreeNode, lines: Sequence[str]) -> str:
    """The lines of an item behind its first paragraph, without those of items inside it."""
    begin, end = _lines_of(node)
    inner = set[int]()
    for below in _inner_items(node):
        if _item(below, lines, None) is not None:
            first, last = _lines_of(below)
            while last > first and not lines[last - 1].strip():
                last -= 1  # blank lines behind an item are not in it
            inner.update(range(first, last))
    paragraph_end = _lines_of(node.children[0])[1]
    kept = [
        lines[n] for n in range(max(begin, paragraph_end), min(end, len(lines))) if n not in inner
    ]
    indents = [len(line) - len(line.lstrip()) for line in kept if line.strip()]
    indent = min(indents, default=0)
    return "\n".join(line[indent:].rstrip() for line in kept).strip("\n")


def _inner_items(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    """The items of lists inside an item, and of lists inside these."""
    for block in node.children:
        if block.type in _LISTS:
            for item in block.children:
                yield item
                yield from _inner_items(item)


def _inline(block: SyntaxTreeNode) -> Token:
    """The text inside a paragraph or a heading."""
    token = block.children[0].token
    assert token is not None  # noqa: S101  (the parser gives each of these an inline token)
    return token


def _first_line(node: SyntaxTreeNode) -> int:
    return _lines_of(node)[0]


def _lines_of(node: SyntaxTreeNode) -> tuple[int, int]:
    begin, end = node.map or (0, 0)
    return begin, end
