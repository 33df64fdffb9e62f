"""The pages in a real browser, on a real server: what a person sees, hears and does."""

from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

import plangate
from tests.infrastructure.dashboard.conftest import Seen
from tests.support.servers.pages import serving
from tests.support.servers.postgres import postgres_server
from tests.support.shown_plans import HOSTILE, HOSTILE_ID

pytestmark = pytest.mark.xdist_group("browser")
expect.set_options(timeout=30_000)  # a machine may be slow

AXE = Path(__file__).parents[2] / "data" / "axe" / "axe.min.js"
EVERY_PAGE = (
    "/",
    "/?verdict=replan&order=confidence",
    "/?q=nothing-like-it",
    "/plan?id=search",
    "/plan?id=search&version=4",
    "/plan?id=long",
    f"/plan?{urlencode({'id': HOSTILE_ID})}",
    "/what-if",
    "/what-if?id=search&preset=steady",
    "/what-if?confidence_threshold=0.9",
    "/operations",
)

EVERY_KIND = ("/", "/plan?id=search", "/what-if?id=search&preset=steady", "/operations")
IN_LIGHT = {
    *EVERY_KIND,
    *("/?q=nothing-like-it", "/plan?id=search&version=4", f"/plan?{urlencode({'id': HOSTILE_ID})}"),
}
"""What axe looks at by `make test`; by `make soak`, all."""


def score(address: str, plan: str, task: str, **scores: float) -> None:
    answer = httpx.post(f"{address}/v1/plans/{plan}/tasks/{task}/scores", json=scores)
    answer.raise_for_status()


def create(address: str, plan_id: str) -> None:
    task = {"id": "one", "title": "Design the schema"}
    plan = {"goal": "Move billing to the new ledger", "tasks": [task], "plan_id": plan_id}
    httpx.post(f"{address}/v1/plans", json=plan).raise_for_status()


def live(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def axe(page: Page, *rules: str) -> list[tuple[str, str]]:
    """What axe finds with some rules, or all, once everything is unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    run = "options => axe.run(document, options).then(({violations}) => violations)"
    return [(one["id"], one["nodes"][0]["html"]) for one in page.evaluate(run, options)]


@pytest.mark.parametrize(
    "looked_at",
    [
        pytest.param(IN_LIGHT, id="some"),
        pytest.param(set(EVERY_PAGE), id="every", marks=[pytest.mark.soak, pytest.mark.timeout(0)]),
    ],
)
def test_axe_finds_nothing_and_no_page_is_wider_than_any_screen(
    page: Page, looked_at: set[str]
) -> None:
    script = AXE.read_text(encoding="utf-8")
    for path in EVERY_PAGE:
        page.goto(path)
        for width in (320, 390, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert (path, width, wider) == (path, width, 0)
        if path not in looked_at:
            continue
        page.evaluate(script)
        assert (path, axe(page)) == (path, [])
        if path in EVERY_KIND:
            page.emulate_media(color_scheme="dark")
            assert (path, axe(page, "color-contrast")) == (path, [])
            page.emulate_media(color_scheme="light")


def test_plans_that_need_a_person_come_first_with_their_ways_on(page: Page) -> None:
    page.goto("/")
    expect(page.locator("h2").first).to_contain_text("Need a person")
    row = page.locator("li.pg-row", has_text="Move the search index")
    expect(row).to_contain_text("the rolling confidence 0.611 is below 0.720")
    expect(row).to_contain_text("2 of 3 tasks scored")
    expect(row.locator("code").first).to_have_text("plangate revise search FILE --reason REASON")


def test_plans_are_filtered_searched_and_sorted(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Goal or task").fill("quarterly")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("li.pg-row")).to_have_count(1)
    page.get_by_role("link", name="All plans").click()
    page.get_by_label("Verdict").select_option("blocked")
    page.get_by_label("Label").fill("sales")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("li.pg-row h3")).to_have_text(["Publish the price list"])
    page.get_by_role("link", name="All plans").click()
    page.get_by_label("Order").select_option("oldest")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("li.pg-row h3").first).to_have_text("Move billing to the new ledger")


def test_a_score_appears_on_the_open_page_with_chart_and_gauge(page: Page, address: str) -> None:
    page.goto("/plan?id=search")
    live(page)
    gauge = page.locator(".pg-verdict svg.pg-gauge")
    chart = page.locator("svg.pg-confidence")
    expect(gauge).to_contain_text("0.611")
    points = chart.locator("path.pg-output")
    expect(points).to_have_count(2)
    page.get_by_label("Reason to pause").fill("typed, not sent")

    score(address, "search", "copy", output_score=0.8)

    expect(points).to_have_count(3)
    expect(page.locator(".pg-verdict strong")).to_have_text("0.783")
    expect(gauge).to_contain_text("0.783")
    expect(page.locator("#summary")).to_contain_text("Confidence 0.783")
    expect(page.get_by_label("Reason to pause")).to_have_value("typed, not sent")
    expect(page.locator(".pg-event-what").first).to_contain_text("copy")


def test_a_new_plan_appears_in_the_open_list(page: Page, address: str) -> None:
    page.goto("/?order=newest")
    live(page)
    create(address, "oak")
    expect(page.locator("li.pg-row .pg-id").first).to_have_text("oak")


def test_dragging_the_slider_shows_the_plan_as_it_was(page: Page) -> None:
    page.goto("/plan?id=prices")
    slider = page.get_by_label("Drag to see the plan as it was")
    slider.focus()
    page.locator("#history-title").scroll_into_view_if_needed()
    expect(slider).to_be_in_viewport()
    page.keyboard.press("Home")
    expect(page.locator(".pg-note")).to_contain_text("as it was at version 1 of")
    expect(page.locator(".pg-lane h3")).to_have_text(["Pending 2"])
    assert "version=1" in page.url
    page.keyboard.press("End")
    expect(page.locator(".pg-note")).to_have_count(0)
    expect(page.locator(".pg-lane h3")).to_have_text(["Pending 1", "Failed 1"])
    assert "version" not in page.url


def test_a_button_sends_its_command_once_and_by_keyboard(page: Page) -> None:
    page.goto("/plan?id=teams")
    page.get_by_label("Reason to resume").focus()
    page.keyboard.type("The budget came")
    page.keyboard.press("Enter")
    expect(page.locator(".pg-note")).to_have_text("Recorded: resume.")
    expect(page.locator(".pg-verdict .pg-badge")).to_contain_text("Go on")
    expect(page.locator(".pg-event-body").first).to_contain_text("The budget came")


def test_what_would_have_happened_stands_beside_what_happened(page: Page) -> None:
    page.goto("/plan?id=search")
    page.get_by_role("link", name="Try another policy").click()
    expect(page.locator(".pg-note")).to_contain_text("No one reacts to the gate")
    page.get_by_label("Begin with").select_option("steady")
    page.get_by_role("button", name="Show the other history").click()
    expect(page.locator("svg.pg-what-if")).to_be_visible()
    replans = page.get_by_role("row", name="times the gate fired")
    expect(replans).to_contain_text("1")
    expect(page.locator("h2", has_text="The policies")).to_be_visible()


def test_a_page_that_takes_long_says_so(page: Page) -> None:
    page.goto("/what-if")
    page.evaluate("document.addEventListener('submit', event => event.preventDefault())")
    button = page.get_by_role("button", name="Show the other history")
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    said = page.get_by_text("Deciding every command of all plans again…")
    expect(said.and_(page.locator("#summary"))).to_have_count(1)
    expect(said.and_(page.locator("form *"))).to_be_visible()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(button).to_have_attribute("aria-busy", "false")
    expect(said.and_(page.locator("form *"))).to_be_hidden()


def test_what_only_a_screen_can_use_is_not_printed(page: Page) -> None:
    page.emulate_media(media="print")
    for path in ("/", "/plan?id=search"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        for control in ("nav", "form", "button"):
            assert page.locator(f"{control}:visible").count() == 0


def test_checks_run_on_demand(page: Page) -> None:
    page.goto("/operations")
    expect(page.get_by_role("row", name="timeline")).to_be_visible()
    check = page.locator("section", has=page.get_by_role("heading", name="Decisions"))
    check.get_by_role("button", name="Run now").click()
    expect(check).to_contain_text("all as the rules give them")
    found = page.locator("section", has=page.get_by_role("heading", name="Findings"))
    found.get_by_role("button", name="Run now").click()
    expect(found).to_contain_text("Last run")


def test_text_of_plans_is_shown_and_not_obeyed(page: Page) -> None:
    for path in ("/", f"/plan?{urlencode({'id': HOSTILE_ID})}"):
        page.goto(path)
        expect(page.get_by_text(HOSTILE).first).to_be_visible()
        assert page.title() != "taken"
        assert page.locator("main script, main img, main b, main i, main u").count() == 0


def test_the_policy_of_the_page_stops_a_script_that_came_in_all_the_same(
    page: Page, seen: Seen
) -> None:
    page.goto("/")
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken'";
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "https://elsewhere.invalid/";
            image.setAttribute("onerror", "document.title = 'taken'");
            document.body.append(image);
        }"""
    )
    expect(page).not_to_have_title("taken")
    refused = [problem for problem in seen.problems if "Content Security Policy" in problem]
    assert len(refused) >= 2
    seen.problems.clear()


def test_without_script_the_pages_read_and_the_slider_is_a_form(
    browser: Browser, address: str
) -> None:
    with browser.new_context(base_url=address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("link", name="Move the search index").click()
        expect(page.locator("svg.pg-confidence")).to_be_visible()
        page.get_by_label("Drag to see the plan as it was").focus()
        page.keyboard.press("Home")
        page.locator(".pg-slider button").click()
        expect(page.locator(".pg-note")).to_contain_text("as it was at version 1 of")


def test_the_page_says_what_is_away_and_goes_on_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    database, away = tmp_path / "plans.db", tmp_path / "away.db"
    with browser.new_context() as context:
        page = context.new_page()
        status = page.locator("#live")
        with serving(database) as address:
            create(address, "billing")
            page.goto(f"{address}/plan?id=billing")
            live(page)
            database.rename(away)
            expect(status).to_have_text("The store does not answer; waiting for it")
            expect(page.locator("h1")).to_have_text("Move billing to the new ledger")
            away.rename(database)
        expect(status).to_have_text("Connection lost; trying again")
        expect(page.locator("#summary")).to_have_text("Connection lost; trying again")
        with plangate.connect(str(database)) as registry:
            registry.score_prompt("billing", "one", 0.4)
        with serving(database, port=int(address.rpartition(":")[2])):
            live(page)
            expect(page.locator(".pg-verdict strong")).to_have_text("0.400")


@pytest.mark.soak
def test_the_page_goes_on_when_the_database_server_is_back(browser: Browser) -> None:
    with postgres_server() as postgres, serving(postgres.url) as address:
        create(address, "billing")
        with browser.new_context(base_url=address) as context:
            page = context.new_page()
            page.goto("/plan?id=billing")
            live(page)
            postgres.stop()
            expect(page.locator("#live")).to_have_text("The store does not answer; waiting for it")
            postgres.start()
            live(page)
            score(address, "billing", "one", prompt_score=0.4)
            expect(page.locator(".pg-verdict strong")).to_have_text("0.400")


@pytest.mark.parametrize("path", ["/plan?id=nothing", "/nothing/at/all"])
def test_what_is_missing_is_a_page(page: Page, seen: Seen, path: str) -> None:
    page.goto(path)
    expect(page.locator("h1")).to_have_text("Not found")
    assert len(seen.problems) == 1
    assert "404" in seen.problems.pop()
