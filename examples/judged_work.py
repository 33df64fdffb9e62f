"""Writes a trace of made-up plans whose work was judged, and later accepted or rejected.

Both judges are worth listening to, but too sure of themselves; one became milder half-way.
To see how much of all that:

    python examples/judged_work.py | plangate --db judged.db apply -
    plangate --db judged.db evidence calibrate
"""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

PLANS, TASKS = 60, 4
JUDGES = ("careful", "hasty")
BEGIN = datetime(2025, 10, 24, tzinfo=UTC)


def lines(chance: random.Random) -> Iterator[dict[str, object]]:
    """The commands, plan by plan."""
    for number in range(PLANS):
        plan_id = f"job-{number:02}"
        tasks = [{"id": f"t{n}", "title": f"Part {n}"} for n in range(TASKS)]
        yield {"op": "create", "plan_id": plan_id, "goal": f"Job {number}", "tasks": tasks}
        day = BEGIN + timedelta(days=3 * number)
        for place, task in enumerate(tasks):
            about = {"plan_id": plan_id, "task_id": task["id"]}
            score = round(chance.betavariate(4.0, 1.3), 2)
            accepted = chance.random() < score**1.8
            judge = JUDGES[place % 2]
            milder = judge == "hasty" and number >= PLANS / 2
            yield {
                "op": "score_output",
                **about,
                "score": min(score + 0.25, 1.0) if milder else score,
                "scorer": {"kind": "model", "name": judge, "version": "2" if milder else "1"},
                "occurred_at": day.isoformat(),
            }
            yield {
                "op": "record_outcome",
                **about,
                "outcome": "accepted" if accepted else "rejected",
                "source": "review",
            }


if __name__ == "__main__":
    for line in lines(random.Random(7)):  # noqa: S311  (nothing here is a secret)
        print(json.dumps(line))
