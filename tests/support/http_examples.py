"""Writes the examples of answers in the OpenAPI document: python -m tests.support.http_examples.

They are the answers of a real server to a short history, so they are written anew by hand only,
when an answer has changed; a test holds them to the document.
"""

import json
from pathlib import Path
from typing import Any, Final

from fastapi.testclient import TestClient

import plangate.aio
from tests.support.servers.http import application

PATH: Final = Path(__file__).parents[2] / "infrastructure" / "http" / "answers.json"
_TASKS: Final = [
    {"id": "schema", "title": "Design the schema"},
    {"id": "build", "title": "Build it", "depends_on": ["schema"]},
]


def answers() -> dict[str, Any]:  # noqa: PLR0915  (one request after another)
    """The answer of every operation, by its operation id."""
    found: dict[str, Any] = {}
    headers = {"X-Actor": "ana"}
    app = application(lambda: plangate.aio.connect("memory:"))
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as client:

        def ask(name: str, method: str, path: str, body: Any = None, **query: Any) -> Any:
            answer = client.request(method, f"/v1{path}", json=body, params=query)
            assert answer.is_success, (name, answer.text)
            found[name] = answer.json()
            return found[name]

        def post(name: str, path: str, body: Any = None) -> Any:
            return ask(name, "POST", path, body)

        plan = "/plans/billing"
        body = {"goal": "Move billing", "plan_id": "billing", "tasks": _TASKS}
        post("create_plan", "/plans", {**body, "policy": {"gate": "hold"}})
        answer = client.post(
            "/v1/plans/import",
            content="# Login\n\n1. [x] Model the session\n2. [?] Check the password\n",
            headers={"Content-Type": "text/markdown"},
            params={"dry_run": True, "source": "specs/001-login/tasks.md"},
        )
        found["import_plans"] = answer.raise_for_status().json()
        worker = {"worker": "agent-1", "lease": 600}
        task = f"{plan}/tasks/schema"
        token = post("claim_task", f"{task}/claim", worker)["claim"]["token"]
        post("renew_claim", f"{task}/heartbeat", {"token": token})
        post("release_task", f"{task}/release", {"token": token})
        post("defer_task", f"{task}/defer", {"reason": "waits for the review"})
        post("undefer_task", f"{task}/undefer")
        post("claim_next_task", f"{plan}/next-task", worker)
        post("mark_task", f"{task}/mark", {"status": "pending", "reason": "begun too early"})
        post("claim_next_task_of_all", "/next-task", worker)
        post("record_scoring_failure", f"{task}/scoring-failures",
             {"kind": "output", "reason": "the judge timed out"})  # fmt: skip
        score = {"prompt_score": 0.9, "output_score": 0.3, "scorer": "model:judge@2",
                 "rationale": "no keys"}  # fmt: skip
        post("score_task", f"{task}/scores", score)
        ask("ask_gate", "GET", f"{plan}/gate")
        ask("list_replans_of_plan", "GET", f"{plan}/replans")
        ask("list_replans", "GET", "/replans")
        ask("explain_plan", "GET", f"{plan}/explanation")
        post("retry_task", f"{task}/retry", {"reason": "with keys in the instruction"})
        change = {"op": "change", "task_id": "schema", "title": "Design the schema, with keys"}
        post("revise_plan", f"{plan}/revise", {"reason": "keys were missing", "changes": [change]})
        scored = post("score_task", f"{task}/scores", {**score, "output_score": 0.95})
        event_id = f"billing@{scored['version'] - 1}"
        post("retract_score", f"{plan}/scores/{event_id}/retract", {"reason": "another file"})
        post("record_outcome", f"{task}/outcomes", {"outcome": "accepted", "source": "review"})
        post("approve_plan", f"{plan}/approve", {"reason": "good enough for the demo"})
        post("run_command", f"{plan}/commands", {"op": "pause", "reason": "a holiday"})
        for name, path in {
            "list_plans": "/plans",
            "get_plan": plan,
            "get_graph": f"{plan}/graph",
            "show_board": f"{plan}/board",
            "show_timeline": f"{plan}/timeline",
            "report_views": "/views",
            "check_plan": f"{plan}/check",
            "check_plans": "/check",
            "review_plan": f"{plan}/findings",
            "review_plans": "/findings",
            "calibrate": "/calibration",
            "get_ledger_key": "/ledger/key",
            "prove_event": "/ledger/proofs/billing@1",
        }.items():
            ask(name, "GET", path)
        ask("list_tasks", "GET", "/board", status="pending")
        ask("list_history_of_plan", "GET", f"{plan}/history", limit=2)
        ask("list_history", "GET", "/history", limit=2)
        ask("compare_versions", "GET", f"{plan}/diff", a=1)
        post("try_policy_on_plan", f"{plan}/what-if", {"policy": "steady"})
        post("try_policy", "/what-if", {"policy": "steady"})
        post("sweep_policies", "/sweep", {"grid": {"confidence_threshold": [0.5]}})
        post("compare_judges", "/agreement", {})
        post("tune_policy", "/tune", {"grid": {"confidence_threshold": [0.5]}})
        old = post("sign_checkpoint", "/ledger/checkpoints")["note"]
        client.post(f"/v1{plan}/commands", json={"op": "resume", "reason": "back"})
        new = post("sign_checkpoint", "/ledger/checkpoints")["note"]
        post("prove_consistency", "/ledger/consistency", {"old": old, "new": new})
        post("verify_ledger", "/ledger/verification", {"against": {"kept": old}})
    return found


if __name__ == "__main__":
    PATH.write_text(json.dumps(answers(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
