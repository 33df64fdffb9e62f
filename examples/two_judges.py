"""Writes a trace of made-up plans that two judges scored; every second one was done again.

One is milder than the other, and both are noisy. To see what that means for the gate:

    python examples/two_judges.py | plangate --db judges.db apply -
    plangate --db judges.db evidence agreement
"""

import json
import random
from collections.abc import Iterator

PLANS, TASKS = 40, 6
JUDGES = {"mild": 0.04, "stern": -0.04}


def lines(chance: random.Random) -> Iterator[dict[str, object]]:
    """The commands, plan by plan."""
    for number in range(PLANS):
        level = chance.gauss(0.57, 0.12)
        quality = [chance.gauss(level, 0.06) for _ in range(TASKS)]
        yield from plan(f"job-{number:02}", number, quality, chance, {})
        if number % 2:
            replicate = {"replicate_of": f"job-{number:02}"}
            yield from plan(f"job-{number:02}-again", number, quality, chance, replicate)


def plan(
    plan_id: str,
    number: int,
    quality: list[float],
    chance: random.Random,
    metadata: dict[str, str],
) -> Iterator[dict[str, object]]:
    """A plan, and what both judges make of its tasks."""
    tasks = [{"id": f"t{n}", "title": f"Part {n}"} for n in range(TASKS)]
    create = {"op": "create", "plan_id": plan_id, "goal": f"Job {number}", "tasks": tasks}
    yield {**create, "confidence_threshold": 0.6, "metadata": metadata}
    for task, true in zip(tasks, quality, strict=True):
        for name, bias in JUDGES.items():
            score = min(max(chance.gauss(true + bias, 0.08), 0.0), 1.0)
            yield {
                "op": "score_output",
                "plan_id": plan_id,
                "task_id": task["id"],
                "score": round(score, 2),
                "scorer": {"kind": "model", "name": name},
            }


if __name__ == "__main__":
    for line in lines(random.Random(7)):  # noqa: S311  (nothing here is a secret)
        print(json.dumps(line))
