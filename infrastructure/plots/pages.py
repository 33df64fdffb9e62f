"""The style of all plots, and how they are saved: the same plot as the same bytes."""

import html
import os
import re
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plangate.domain.policy import Policy

# Okabe and Ito's colours remain distinct for colour-blind readers; the markers differ too.
RECORDED: Final = "#0072B2"
REPLAYED: Final = "#D55E00"
INK: Final = "#22262B"
SOFT: Final = "#5A616B"
QUIET: Final = "#8A9099"
FAINT: Final = "#E4E7EB"

SIDES: Final = ((RECORDED, "o", "what happened"), (REPLAYED, "s", "what would have"))
"""Colour, marker and label of what happened, and of the replay."""

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
svg {{ width: 100%; height: auto; }}
</style>
</head>
<body>
<figure role="img" aria-label="{title}" style="margin: 0">
{picture}</figure>
</body>
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
    """A figure with a title and a subtitle, and the height of both in inches."""
    lines = textwrap.wrap(printable(below, 1_000), int(width * 13))
    figure = Figure(figsize=(width, height + 0.17 * len(lines)))
    height = figure.get_figheight()
    title = printable(title, int(width * 9))
    figure.text(0.1 / width, 1 - 0.12 / height, title, size=13, weight="bold", va="top")
    subtitle: Any = {"size": 9, "color": SOFT, "va": "top", "linespacing": 1.35}
    figure.text(0.1 / width, 1 - 0.40 / height, "\n".join(lines), **subtitle)
    figure.set_label(title)
    return figure, 0.55 + 0.17 * len(lines)


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the format of the file's suffix, completely or not at all."""
    match path.suffix.lower():
        case ".png":
            content = _drawn(figure, "png", {"Software": None})
        case ".svg":
            content = _svg(figure)
        case _:
            svg = _svg(figure).decode()
            title = html.escape(str(figure.get_label()))
            content = _PAGE.format(title=title, picture=svg[svg.index("<svg") :]).encode()
    _write(path, content)


def without_frame(axes: Axes) -> None:
    """Remove the left spine and the ticks."""
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)


def changes(recorded: Policy, replayed: Policy) -> str:
    """The settings in which the replayed policy differs; empty if there are none."""
    return ", ".join(
        f"{label(field)} {setting(new)} (was {setting(old)})"
        for field in type(replayed).model_fields
        for new, old in ((getattr(replayed, field), getattr(recorded, field)),)
        if new != old
    )


def setting(value: object) -> str:
    """A setting as it is typed on the command line."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def label(field: str) -> str:
    """A field's name for a label."""
    return field.replace("_", " ")


def printable(text: str, at_most: int) -> str:
    """A text shortened to one line of a plot."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= at_most else f"{line[: at_most - 1]}…"


def _svg(figure: Figure) -> bytes:
    """SVG whose text stays text: it can be searched, read aloud, and shown in another font."""
    drawn = _drawn(figure, "svg", {"Date": None, "Creator": None})
    drawn = _METADATA.sub(b"", drawn, count=1)
    return drawn.replace(b"'DejaVu Sans'", b"'DejaVu Sans', Verdana, sans-serif")


def _drawn(figure: Figure, form: str, metadata: dict[str, Any]) -> bytes:
    drawn = BytesIO()
    figure.savefig(drawn, format=form, metadata=metadata)
    return drawn.getvalue()


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
