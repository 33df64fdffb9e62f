"""Charts as the tests look at them: parsed, with their shapes and labels."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from plangate.infrastructure.charts.svg import Chart

SVG = "{http://www.w3.org/2000/svg}"


def parsed(chart: Chart) -> ET.Element:
    """The picture as a tree; raises if it is not well formed."""
    return ET.fromstring(str(chart.svg))  # noqa: S314  (our own, which is what is tested)


def legend(chart: Chart) -> list[ET.Element]:
    """The legend, if there is one."""
    return [ET.fromstring(str(chart.legend))] if chart.legend else []  # noqa: S314  (as above)


def drawn(chart: Chart, class_: str, tag: str | None = None) -> list[ET.Element]:
    """The elements of a class, in document order."""
    return [
        element
        for element in parsed(chart).iter()
        if class_ in element.get("class", "").split() and tag in {None, name_of(element)}
    ]


def symbols(chart: Chart, class_: str) -> list[ET.Element]:
    """What places the symbols of a class, in document order."""
    return [
        holder
        for holder in parsed(chart).iter(f"{SVG}svg")
        if any(class_ in child.get("class", "").split() for child in holder)
    ]


def name_of(element: ET.Element) -> str:
    return element.tag.removeprefix(SVG)


def texts(chart: Chart) -> list[str]:
    """The labels that are seen."""
    return ["".join(found.itertext()) for found in parsed(chart).iter(f"{SVG}text")]


def hovers(chart: Chart) -> list[str]:
    """What is shown of a shape that is pointed at."""
    return [found.text or "" for found in parsed(chart).iter(f"{SVG}title")][1:]


def share(value: str | None) -> float:
    """A percentage as a share of 1."""
    found = re.fullmatch(r"(-?[\d.]+)%", value or "")
    assert found, value
    return float(found[1]) / 100


def percentages(chart: Chart) -> Iterator[float]:
    """Every horizontal position in the picture."""
    for element in parsed(chart).iter():
        for name in ("x", "x1", "x2", "cx"):
            if (element.get(name) or "").endswith("%"):
                yield share(element.get(name))
