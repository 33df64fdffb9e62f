"""Writes a trace of made-up plans whose work was judged, and later accepted or rejected.

The judge is worth listening to, but too sure of itself. To see how much of both:

    python examples/judged_work.py | plangate --db judged.db apply -
    plangate --db judged.db evidence calibrate
"""

import json
import random
from collections.abc import Iterator

PLANS, TASKS = 60, 4
JUDGE = {"kind": "model", "name": "judge", "version": "2"}


def lines(chance: random.Random) -> Iterator[dict[str, object]]:
    """The commands, plan by plan."""
    for number in range(PLANS):
        plan_id = f"job-{number:02}"
        tasks = [{"id": f"t{n}", "title": f"Part {n}"} for n in range(TASKS)]
        yield {"op": "create", "plan_id": plan_id, "goal": f"Job {number}", "tasks": tasks}
        for task in tasks:
            about = {"plan_id": plan_id, "task_id": task["id"]}
            score = round(chance.betavariate(4.0, 1.3), 2)
            accepted = chance.random() < score**1.8
            yield {"op": "score_output", **about, "score": score, "scorer": JUDGE}
            yield {
                "op": "record_outcome",
                **about,
                "outcome": "accepted" if accepted else "rejected",
                "source": "review",
            }


if __name__ == "__main__":
    for line in lines(random.Random(7)):  # noqa: S311  (nothing here is a secret)
        print(json.dumps(line))
