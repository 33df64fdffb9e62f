"""Reports opened from disk with the network off: no error, no request, nothing axe finds."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.input.traces import apply_lines, read_lines
from plangate.infrastructure.report.writing import write_report
from tests.support.hostile_texts import HOSTILE_TEXTS

pytestmark = pytest.mark.xdist_group("browser")

DATA: Final = Path(__file__).parents[2] / "data"
AXE: Final = DATA / "axe" / "axe.min.js"
REAL: Final = ("trivial-1-r4", "complex_leaf-12-r5")
"""The plans of the excerpt of the real trace."""


HOSTILE_IDS: Final = ("<img src=x onerror=alert(1)>", '"><script>alert(2)</script>')


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports of a real plan, of plans with hostile texts, and of the store with all of them."""
    folder = tmp_path_factory.mktemp("reports")
    with connect("memory:") as registry:
        with (DATA / "judged-plans-excerpt.trace.jsonl").open("rb") as trace:
            assert all(
                line.error is None for line in apply_lines(registry, read_lines(trace), run=None)
            )
        for plan_id in HOSTILE_IDS:
            tasks = [
                {"id": kind, "title": text, "description": text, "labels": ["<b>"]}
                for kind, text in HOSTILE_TEXTS.items()
            ]
            registry.create(HOSTILE_TEXTS["a script"], tasks, plan_id=plan_id)
            for kind, text in HOSTILE_TEXTS.items():
                registry.score_output(plan_id, kind, 0.8, rationale=text)
            registry.score_output(plan_id, "a script", 0.0, scorer=HOSTILE_IDS[0])
        for name, plan_ids in {"real": REAL[:1], "hostile": HOSTILE_IDS, "store": None}.items():
            write_report(registry, folder / f"{name}.html", plan_ids, signed=name == "real")
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture
def page(browser: Browser, reports: dict[str, Path]) -> Iterator[Page]:
    """A page without a network, of which nothing is reported."""
    problems: list[str] = []
    own = {path.as_uri() for path in reports.values()}
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.on("console", lambda said: problems.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("request", lambda one: problems.extend({one.url} - own))
        yield page
    assert problems == []


RULES: Final[dict[Literal["light", "dark"], dict[str, str]]] = {
    "light": {},
    "dark": {"runOnly": "color-contrast"},
}
"""What axe looks at: in the dark, only the colours differ."""


def test_no_report_has_what_axe_finds(page: Page, reports: dict[str, Path]) -> None:
    script = AXE.read_text(encoding="utf-8")
    run = "options => axe.run(document, options).then(({violations}) => violations)"
    for name, path in reports.items():
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.evaluate(script)
        for scheme, rules in RULES.items():
            page.emulate_media(color_scheme=scheme)
            found = page.evaluate(run, {"resultTypes": ["violations"], **rules})
            assert [(name, scheme, one["id"], one["nodes"][0]["html"]) for one in found] == []
        assert page.title().endswith("plangate report")


def test_no_report_is_wider_than_the_screen(page: Page, reports: dict[str, Path]) -> None:
    for name, path in reports.items():
        page.goto(path.as_uri())
        for width in (1440, 768, 390):
            page.set_viewport_size({"width": width, "height": 800})
            wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert (name, width, wider) == (name, width, 0)


def test_labels_of_charts_lie_within_the_picture_and_apart(
    page: Page, reports: dict[str, Path]
) -> None:
    overlapping = """
        () => [...document.querySelectorAll('svg.pg-chart')].flatMap(chart => {
            const page = document.documentElement.clientWidth
            const whole = chart.getBoundingClientRect()
            const boxes = [...chart.querySelectorAll('text')].map(text => {
                const {left, right, top, bottom} = text.getBoundingClientRect()
                const cut = text.closest('svg[overflow=hidden]')?.getAttribute('width') ?? '1e9'
                const room = parseFloat(cut) * (cut.endsWith('%') ? whole.width / 100 : 1)
                const seen = text.getAttribute('text-anchor') === 'end'
                    ? {left: Math.max(left, right - room), right}
                    : {left, right: Math.min(right, left + room)}
                return [text.textContent, {...seen, top, bottom}]
            })
            const outside = boxes.filter(([, box]) => box.left < 0 || box.right > page)
            const covered = boxes.filter(([, a], n) => boxes.slice(n + 1).some(([, b]) =>
                a.left < b.right - 1 && b.left < a.right - 1 &&
                a.top < b.bottom - 3 && b.top < a.bottom - 3))
            return [...outside, ...covered].map(([text]) => `${chart.classList}: ${text}`)
        })
    """
    for (name, path), width in product(reports.items(), (1440, 768, 390)):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(path.as_uri())
        assert (name, width, page.evaluate(overlapping)) == (name, width, [])
