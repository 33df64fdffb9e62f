"""The store that the pages are shown with: the one of `make demo`, and plans of every verdict."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import plangate

HOSTILE: Final = "<script>document.title='taken'</script> & \u202etxt.exe\u202c 🎉 <b>bold</b>"
"""A goal with markup, a mark that turns the direction of writing, and an emoji."""

HOSTILE_ID: Final = "x/../?#&<img src=x onerror=alert(1)>"
LONG: Final = "supercalifragilistic " * 190

_JUDGE: Final = {"kind": "model", "name": "judge", "version": "2"}


def fill(database: Path) -> None:
    """Run the demo on a new store, and add the other plans."""
    demo = [sys.executable, "-m", "plangate", "--db", str(database), "demo"]
    subprocess.run(demo, check=True, capture_output=True)
    with plangate.connect(str(database)) as registry, registry.acting_as("agent-7"):
        _replanning(registry)
        registry.create("Write the quarterly report", ["Collect the numbers"], plan_id="report")
        registry.create(
            "Publish the price list",
            [
                {"id": "layout", "title": "Lay it out"},
                {"id": "print", "title": "Print it", "depends_on": ["layout"]},
            ],
            plan_id="prices",
            labels=["sales"],
        )
        registry.mark_task("prices", "layout", "failed", reason="The printer closed")
        registry.create("Rename the teams", ["Ask everyone"], plan_id="teams")
        registry.pause("teams", "Waiting for the budget")


def add_hostile(database: Path) -> None:
    """Add plans whose texts are meant to break a page."""
    with plangate.connect(str(database)) as registry:
        task = {"id": "<i>t</i>", "title": HOSTILE, "description": HOSTILE}
        registry.create(HOSTILE, [task], plan_id=HOSTILE_ID, labels=["<u>label</u>"])
        registry.update(
            HOSTILE_ID, "<i>t</i>", prompt_score=0.5, output_score=0.2, rationale=HOSTILE
        )
        registry.create("تحديث صفحة الأسعار", ["ترجمة النصوص"], plan_id="rtl")
        long = {"id": "long", "title": "y" * 500, "description": "word " * 2_000}
        registry.create(LONG, [long], plan_id="long")


def _replanning(registry: plangate.PlanRegistry) -> None:
    tasks: list[dict[str, Any]] = [
        {"id": "map", "title": "Map the old fields to the new ones"},
        {"id": "copy", "title": "Copy the documents", "depends_on": ["map"]},
        {"id": "switch", "title": "Switch the readers over", "depends_on": ["copy"]},
    ]
    goal = "Move the search index to the new cluster"
    registry.create(goal, tasks, plan_id="search", labels=["infra", "q4"], priority=3)
    for prompt, output, rationale in (
        (0.9, 0.88, "Every field has a counterpart."),
        (0.5, 0.31, "Half of the documents have no language, and the sample was three."),
    ):
        task = registry.next_task("search", worker="agent-7", lease=600)
        assert task is not None
        registry.update(
            "search",
            task.id,
            prompt_score=prompt,
            output_score=output,
            scorer=_JUDGE,
            rationale=rationale,
        )
