"""The text of a report, from the templates and the look that the pages have."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from plangate.application.ledger.reports import Checkpoint
from plangate.application.progress import Progress
from plangate.application.registry import PlanRegistry
from plangate.infrastructure.dashboard.rendering import environment
from plangate.infrastructure.report.plan_facts import PlanFacts, plan_facts
from plangate.infrastructure.report.store_facts import store_facts

_STYLES: Final = (
    ("plangate.infrastructure.dashboard", "static/plangate.css"),
    ("plangate.infrastructure.dashboard", "static/charts.css"),
    ("plangate.infrastructure.report", "report.css"),
)


@dataclass(frozen=True, slots=True)
class ReportText:
    """The parts of a report in order, and how many plans it is about."""

    plans: int
    text: Iterator[str]


def of_plans(
    registry: PlanRegistry, plan_ids: Sequence[str], *, signed: bool, progress: Progress
) -> ReportText:
    """Each plan in full, one after the other: memory is that of the largest."""

    def facts() -> Iterator[PlanFacts]:
        for done, plan_id in enumerate(plan_ids):
            progress(done, len(plan_ids))
            yield plan_facts(registry, plan_id, signed=signed)
        progress(len(plan_ids), len(plan_ids))

    text = _text(
        "plans.html",
        plan_ids=plan_ids,
        plans=facts(),
        checkpoint=_checkpoint(registry, signed=signed),
    )
    return ReportText(len(plan_ids), text)


def of_store(registry: PlanRegistry, *, signed: bool, progress: Progress) -> ReportText:
    """The whole store, summed up."""
    store = store_facts(registry, progress)
    text = _text("store.html", store=store, checkpoint=_checkpoint(registry, signed=signed))
    return ReportText(store.plans, text)


def _checkpoint(registry: PlanRegistry, *, signed: bool) -> Checkpoint | None:
    return registry.ledger.checkpoint() if signed else None


def _text(template: str, **shown: Any) -> Iterator[str]:
    """The parts of a page. Its policy lets the browser load nothing, and run no script."""
    style = _style()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    made = {"made_at": datetime.now(UTC), "style": Markup(style), "policy": policy}  # noqa: S704  (ours)
    return _environment().get_template(template).generate(**made, **shown)


@cache
def _environment() -> Environment:
    """The templates of the pages, and those of the report beside them."""
    made = environment()
    here = PackageLoader("plangate.infrastructure.report")
    made.loader = ChoiceLoader([here, *([made.loader] if made.loader else [])])
    made.filters["cut"] = _cut
    return made


def _cut(text: str, at_most: int = 2_000) -> str:
    return text if len(text) <= at_most else f"{text[: at_most - 1]}…"


@cache
def _style() -> str:
    return "\n".join(files(package).joinpath(name).read_text("utf-8") for package, name in _STYLES)
