"""The style of all plots, and how they are saved: the same plot as the same bytes."""

import html
import os
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours remain distinct for colour-blind readers; the markers differ too.
RECORDED: Final = "#0072B2"
REPLAYED: Final = "#D55E00"
INK: Final = "#22262B"
SOFT: Final = "#5A616B"
QUIET: Final = "#8A9099"
FAINT: Final = "#E4E7EB"

PALE: Final = "#F3BC93"
"""Fills what is replayed: much lighter than what is recorded, also in grey."""

SIDES: Final = ((RECORDED, "o", "what happened"), (REPLAYED, "s", "what would have"))
"""Colour, marker and label of what happened, and of the replay."""


class PlotTable(NamedTuple):
    """The numbers behind a picture."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class About(NamedTuple):
    """What a picture says, for those who do not see it."""

    description: str
    tables: Sequence[PlotTable] = ()


_STYLE: Final[Any] = {
    "axes.edgecolor": QUIET,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": FAINT,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "plangate",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a goal is a dollar sign
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
}
_METADATA: Final = re.compile(rb" *<metadata>.*?</metadata>\n", re.DOTALL)
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 2rem auto; max-width: 72rem; padding: 0 1rem; background: #fff; }}
body {{ font: 0.9375rem/1.5 system-ui, sans-serif; color: #22262b; }}
svg {{ width: 100%; height: auto; }}
@media (max-width: 40rem) {{ body {{ margin: 0.5rem auto; padding: 0 0.25rem; }} }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; margin: 2rem 0 0; }}
caption {{ text-align: start; font-weight: 600; padding-block: 0.375rem; }}
th, td {{ text-align: end; padding: 0.25rem 0 0.25rem 1.5rem; border-bottom: 1px solid #e4e7eb; }}
th:first-child, td:first-child {{ text-align: start; padding-left: 0; }}
</style>
</head>
<body>
<figure role="img" aria-label="{about}" style="margin: 0">
{picture}</figure>
{tables}</body>
</html>
"""


@contextmanager
def style() -> Iterator[None]:
    """Draw in our own style, independent of the user's settings."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # drawn as a box
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def headed(width: float, height: float, title: str, below: str) -> tuple[Figure, float]:
    """A figure with a title and paragraphs below it, and the height of both in inches."""
    lines = [
        line
        for paragraph in below.split("\n")
        for line in textwrap.wrap(printable(paragraph, 1_000), int(width * 14.8))
    ]
    figure = Figure(figsize=(width, height + 0.17 * len(lines)))
    height = figure.get_figheight()
    title = printable(title, int(width * 9))
    figure.text(0.1 / width, 1 - 0.12 / height, title, size=13, weight="bold", va="top")
    subtitle: Any = {"size": 9, "color": SOFT, "va": "top", "linespacing": 1.35}
    figure.text(0.1 / width, 1 - 0.40 / height, "\n".join(lines), **subtitle)
    figure.set_label(title)
    return figure, 0.55 + 0.17 * len(lines)


def save(figure: Figure, path: Path, about: About) -> None:
    """Write a figure in the format of the file's suffix, completely or not at all."""
    match path.suffix.lower():
        case ".png":
            described = {"Software": None, "Description": _ascii(about.description)}
            content = _drawn(figure, "png", described)
        case ".svg":
            content = _svg(figure, about)
        case _:
            svg = _svg(figure, about).decode()
            content = _PAGE.format(
                title=html.escape(str(figure.get_label())),
                about=html.escape(about.description),
                picture=svg[svg.index("<svg") :],
                tables="".join(map(_table, about.tables)),
            ).encode()
    _write(path, content)


def direct(axes: Axes, x: float, y: float, text: str, color: str, **more: Any) -> None:
    """A label beside what it names, readable above lines."""
    style: dict[str, Any] = {"color": color, "size": 8.5, "va": "center"}
    label = axes.text(x, y, text, **{**style, **more})
    label.set_path_effects([patheffects.withStroke(linewidth=2.5, foreground="white")])


def without_frame(axes: Axes) -> None:
    """Remove the left spine and the ticks."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def label(field: str) -> str:
    """A field's name for a label."""
    return field.replace("_", " ")


def printable(text: str, at_most: int) -> str:
    """A text shortened to one line of a plot."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= at_most else f"{line[: at_most - 1]}…"


def _svg(figure: Figure, about: About) -> bytes:
    """SVG whose text stays text: it can be searched, read aloud, and shown in another font."""
    drawn = _drawn(figure, "svg", {"Date": None, "Creator": None})
    drawn = _METADATA.sub(b"", drawn, count=1)
    drawn = drawn.replace(b"'DejaVu Sans'", b"'DejaVu Sans', Verdana, sans-serif")
    title, text = (html.escape(one) for one in (str(figure.get_label()), about.description))
    said = f"\n <title>{title}</title>\n <desc>{text}</desc>"
    begins = drawn.index(b">", drawn.index(b"<svg")) + 1
    return drawn[:begins] + said.encode() + drawn[begins:]


def _table(table: PlotTable) -> str:
    def row(cells: Sequence[str], kind: str) -> str:
        return "<tr>" + "".join(f"<{kind}>{html.escape(one)}</{kind}>" for one in cells) + "</tr>"

    caption = f"<caption>{html.escape(table.caption)}</caption>"
    body = "\n".join(row(cells, "td") for cells in table.rows)
    return f"<div><table>{caption}\n{row(table.columns, 'th')}\n{body}</table></div>\n"


def _ascii(text: str) -> str:
    """What the text chunks of PNG can hold."""
    return text.encode("latin-1", "replace").decode("latin-1")


def _drawn(figure: Figure, form: str, metadata: dict[str, Any]) -> bytes:
    drawn = BytesIO()
    figure.savefig(drawn, format=form, metadata=metadata)
    return drawn.getvalue()


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)
