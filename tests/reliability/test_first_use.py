"""Names, groups and models are made at their first use, also by many threads at once."""

import subprocess
import sys

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
import plangate

sys.setswitchinterval(1e-5)
THREADS = 8
ready = Barrier(THREADS)

def work(number):
    ready.wait()
    plan_id = f"p{number}"
    with plangate.connect("memory:") as registry:
        registry.create("g", [{"title": "T", "id": "t"}], plan_id=plan_id, policy="steady")
        registry.score_output(plan_id, "t", 1, scorer={"kind": "code", "name": "judge"})
        status = registry.get_status(plan_id)
        (summary,) = registry.views.plans().plans
        (share,) = registry.history.explain(plan_id).contributions
        registry.evidence.findings().model_dump_json()
        same = type(status).model_validate_json(status.model_dump_json()) == status
        mismatches = registry.replay.check().mismatch_count
        return same, summary.plan_id == plan_id, share.task_id, str(status.verdict), mismatches

with ThreadPoolExecutor(THREADS) as pool:
    print(*set(pool.map(work, range(THREADS))))
"""


def test_threads_that_use_everything_first_at_the_same_time_get_the_same_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "(True, True, 't', 'complete', 0)\n"
