"""Text within a line of Markdown: escaped as it is written, and plain again as it is read."""

from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER: Final = MarkdownIt("commonmark")
_SPECIAL: Final = frozenset("\\`*[]<~")


def escaped(text: str) -> str:
    """Markdown that reads as exactly this text, on one line."""
    last = len(text) - 1
    return "".join(_escaped(text, index, last) for index in range(len(text)))


def _escaped(text: str, index: int, last: int) -> str:
    letter = text[index]
    if letter.isspace() and (letter != " " or index in {0, last}):
        return f"&#{ord(letter)};"
    if letter in _SPECIAL:
        return "\\" + letter
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    inside_a_word = before.isalnum() and after.isalnum()
    if letter == "_" and not inside_a_word:
        return "\\_"
    if letter == "&" and (after == "#" or after.isalpha()):
        return "\\&"
    if letter == "#" and (index == last or not before.strip()):
        return "\\#"
    return letter


def plain(markdown: str) -> str:
    """What a line of Markdown says, without its escapes; other markup stays as it is."""
    return "".join(map(_text, inline_tokens(markdown)))


def inline_tokens(markdown: str) -> list[Token]:
    """The parts of a line of Markdown."""
    return [part for inline in _PARSER.parseInline(markdown) for part in inline.children or ()]


def _text(token: Token) -> str:
    match token.type:
        case "text" | "html_inline":
            return token.content
        case "softbreak":
            return " "
        case "hardbreak":
            return "\n"
        case "code_inline":
            return token.markup + token.content + token.markup
        case "image":
            return token.content
        case _:
            return token.markup


def code(text: str) -> str:
    """A code span that holds exactly this text, which has no line breaks."""
    longest, run = 0, 0
    for letter in text:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    fence = "`" * (longest + 1)
    padded = text.startswith("`") or text.endswith("`") or (text[0] == text[-1] == " ")
    return f"{fence} {text} {fence}" if padded else f"{fence}{text}{fence}"


def codes(markdown: str) -> list[str]:
    """What the code spans of a line hold."""
    return [token.content for token in inline_tokens(markdown) if token.type == "code_inline"]
