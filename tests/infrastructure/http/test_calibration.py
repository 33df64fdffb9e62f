"""What a calibration can be asked for over HTTP."""

import httpx
import pytest

from tests.infrastructure.http.conftest import NewPlan
from tests.infrastructure.http.test_conventions import problem


def test_groups_costs_and_another_policy_can_be_asked_for(
    http: httpx.Client, new_plan: NewPlan
) -> None:
    plan = new_plan()
    assert http.post(f"{plan}/tasks/a/scores", json={"output_score": 0.9}).is_success
    outcome = {"outcome": "accepted", "source": "over-http"}
    assert http.post(f"{plan}/tasks/a/outcomes", json=outcome).is_success

    asked = {"by": "source", "policy": "steady", "missed": "5", "stopped": "0.5", "seed": "3"}
    answer = http.get("/calibration", params=asked)

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["by"], found["seed"]) == ("source", 3)
    assert "over-http" in {group["name"] for group in found["groups"]}
    assert found["gate"]["policy"] == {"preset": "steady"}
    assert (found["costs"]["missed"], found["costs"]["stopped"]) == (5.0, 0.5)


@pytest.mark.parametrize(
    "params, where",
    [
        ({"by": "weather"}, "by"),
        ({"policy": "gentle"}, "policy"),
        ({"missed": "nan", "stopped": "1"}, "missed"),
        ({"missed": "-1", "stopped": "1"}, "missed"),
        ({"missed": "1_0", "stopped": "1"}, "missed"),
        ({"missed": "5"}, "stopped"),
        ({"missed": "0", "stopped": "0"}, "missed"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    http: httpx.Client, params: dict[str, str], where: str
) -> None:
    refused = problem(http.get("/calibration", params=params), 422, "invalid-input")

    assert [one["parameter"] for one in refused["errors"]] == [where]
