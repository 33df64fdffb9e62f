"""What a chart is, and the parts all charts are drawn from.

A chart is as wide as what holds it. Widths are percentages and heights are pixels, so that
text keeps its size on a phone. The numbers of a vertical axis hang out on the left, into a margin
that the class `pg-plot` makes. There is no script and no inline style: classes beginning with `pg-`
carry the design, and presentation attributes are the fallback where there is no stylesheet.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar
from unicodedata import east_asian_width

from markupsafe import Markup, escape

INK: Final = "#22262b"
SOFT: Final = "#5a616b"
FAINT: Final = "#d5d9de"
FONT_SIZE: Final = 12
LINE_HEIGHT: Final = 14
MARGIN: Final = 100
"""Pixels at the right of a plot for the names of its lines, within that of `pg-named`."""

_Item = TypeVar("_Item")
_CONTROL: Final = {code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if code != ord("\n")}
_WIDE: Final = {"F", "W"}
_SPACES: Final = {ord("\n"): " ", ord("\t"): " ", ord("\r"): " "}


@dataclass(frozen=True, slots=True)
class DataTable:
    """The numbers behind a chart; `numeric` holds the indexes of columns with numbers."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with the text that stands for it, its legend as a list, and its table.

    `svg` and `legend` are markup; all else is plain text.
    """

    svg: Markup
    title: str
    description: str
    table: DataTable
    legend: Markup = field(default=Markup())


def element(name: str, *content: str, **attributes: str | float | None) -> Markup:
    """One element; text is escaped. `stroke_width` becomes `stroke-width`, `class_` `class`."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(_clean(part)) for part in content)
    return Markup(f"<{name}{given}>{inner}</{name}>")  # noqa: S704  (escaped above)


def group(content: Iterable[Markup], class_: str | None = None) -> Markup:
    """Several elements as one."""
    return element("g", *content, class_=class_)


def picture(title: str, description: str, height: float, *content: Markup, class_: str) -> Markup:
    """A whole picture with its name and description, as wide as what holds it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        class_=f"pg-chart {class_}",
        role="img",
        width="100%",
        height=height,
        overflow="visible",
        font_size=FONT_SIZE,
        fill=INK,
    )


def stretched(path: Sequence[str], height: float, **attributes: str | float | None) -> Markup:
    """A path whose x is in thousandths of the width and whose y is in pixels."""
    drawn = element("path", d=" ".join(path), vector_effect="non-scaling-stroke", **attributes)
    return element(
        "svg",
        drawn,
        viewBox=f"0 0 1000 {_attribute(height)}",
        preserveAspectRatio="none",
        width="100%",
        height=height,
        overflow="visible",
    )


def placed(share: float, y: float, *content: Markup) -> Markup:
    """Elements whose origin is at a share of the width, and so many pixels down."""
    return element("svg", *content, x=percent(share), y=y, overflow="visible")


def across(y: float, **attributes: str | float | None) -> Markup:
    """A horizontal line over the whole width."""
    return element("line", x1="0%", x2="100%", y1=y, y2=y, **attributes)


def name_label(text: str, share: float, y: float, *content: Markup) -> Markup:
    """A text that someone wrote, cut off at a share of the width whatever its letters are."""
    shown = element("text", *content, text, x=0, y=13, fill=INK, class_="pg-name pg-halo")
    return element("svg", shown, x=0, y=y - 13, width=percent(share), height=18, overflow="hidden")


def unit_scale(y: Callable[[float], float]) -> Markup:
    """Numbers and faint lines from 0 to 1; `y` is how many pixels down each is."""
    fifths = [step / 5 for step in range(6)]
    lines = [across(y(value), stroke=FAINT, class_="pg-grid") for value in fifths]
    numbers = [
        element(
            "text",
            f"{value:g}",
            x=-9,
            y=y(value) + 4,
            text_anchor="end",
            fill=SOFT,
            class_="pg-label",
        )
        for value in fifths
    ]
    return group([*lines, *numbers])


def axis_label(text: str, share: float, y: float, **attributes: str | float | None) -> Markup:
    """A text at a share of the width."""
    given = {"fill": SOFT, "class_": "pg-label", **attributes}
    return element("text", text, x=percent(share), y=y, **given)


def line_names(labels: Iterable[tuple[float, str, str, str]], height: float) -> Markup:
    """Names of lines at their right ends: height in pixels, text, colour and class of each.

    Names that would overlap are moved up or down. They stand in the margin that the class
    `pg-named` makes.
    """
    ordered = sorted(labels)
    free = height - LINE_HEIGHT * max(len(ordered) - 1, 0)
    at, moved = 0.0, list[float]()
    for rank, (y, *_) in enumerate(ordered):
        at = min(max(y, at), free + LINE_HEIGHT * rank)
        moved.append(at)
        at += LINE_HEIGHT
    return group(
        axis_label(text, 1.0, y + 4, dx=8, fill=fill, class_=class_)
        for y, (_, text, fill, class_) in zip(moved, ordered, strict=True)
    )


def legend(entries: Iterable[tuple[Markup, str]]) -> Markup:
    """The list of what symbols mean. The symbols are drawn around (10, 6)."""
    items = [
        element(
            "li",
            element("svg", symbol, width=20, height=12, aria_hidden="true", class_="pg-key"),
            element("span", text),
        )
        for symbol, text in entries
    ]
    return element("ul", *items, class_="pg-legend") if items else Markup()


def percent(share: float) -> str:
    """A share of 1 as a percentage for an attribute."""
    return f"{_attribute(100 * share)}%"


def shortened(text: str, columns: int) -> str:
    """A text on one line, cut where it is wider; a wide character takes two columns."""
    line = text[: 2 * columns].translate(_SPACES)
    width = 0
    for place, character in enumerate(line):
        width += 2 if east_asian_width(character) in _WIDE else 1
        if width > columns:
            return f"{line[: max(place - 1, 1)]}…"
    return line


def both_ends(text: str, columns: int) -> str:
    """An id on one line, cut in the middle where it is longer: ids often differ at the end."""
    line = text.translate(_SPACES)
    half = columns // 2
    return line if len(line) <= columns else f"{line[:half]}…{line[half - columns + 1 :]}"


def sampled(values: Sequence[_Item], at_most: int) -> list[tuple[int, _Item]]:
    """Values with their number from 1 on, evenly thinned; the last one is among them."""
    step = -(-len(values) // at_most) or 1
    chosen = range(len(values) - 1, -1, -step)
    return [(place + 1, values[place]) for place in reversed(chosen)]


def ticks(low: float, high: float, at_most: int = 5) -> list[int]:
    """Round whole numbers from `low` to `high`, at most so many of them."""
    span = max(high - low, 1)
    steps = (times * 10**power for power in range(20) for times in (1, 2, 5))
    step = next(step for step in steps if span < step * at_most)
    return list(range(math.ceil(low / step) * step, math.floor(high) + 1, step))


def _attribute(value: str | float) -> str:
    if isinstance(value, str):
        return str(escape(_clean(value)))
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    """Text without the control characters that no document may hold."""
    return text if isinstance(text, Markup) else text.translate(_CONTROL)
