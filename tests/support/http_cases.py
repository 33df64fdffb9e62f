"""Requests made from the OpenAPI document, valid and not, and what is wrong with their answers."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

_MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
_THERE = {"plan_id": "billing", "task_id": "schema", "event_id": "billing@2"}


@dataclass
class Cases:
    """The cases that were tried on a server, and how it answered."""

    base: str
    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    session: requests.Session = field(default_factory=requests.Session)

    def run(self, number: int) -> None:
        """Try about so many cases, the same number of each operation."""
        self._record_something()
        described = schemathesis.openapi.from_url(f"{self.base}/openapi.json")
        chosen: Any = described.exclude(path_regex="/events$")  # their answers do not end
        operations = [found.ok() for found in chosen.get_all_operations()]
        each = number // (2 * len(operations))
        for place, operation in enumerate(operations):
            # With few cases, every second operation gets valid input, the others invalid one.
            for mode in _MODES if each else (_MODES[place % 2],):
                if mode is GenerationMode.POSITIVE or operation.query or operation.body:
                    self._try(operation, mode, max(each, 1))

    def _record_something(self) -> None:
        tasks: Any = [{"id": "schema", "title": "Design the schema"}, "Build", "Test"]
        body = {"goal": "Move billing", "plan_id": "billing", "tasks": tasks}
        assert self.session.post(f"{self.base}/v1/plans", json=body).status_code == 201
        url = f"{self.base}/v1/plans/billing/tasks/schema/scores"
        assert self.session.post(url, json={"prompt_score": 0.9}).ok

    def _try(self, operation: Any, mode: GenerationMode, number: int) -> None:
        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=number,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def attempt(case: Any) -> None:
            self._send(case, is_valid=mode is GenerationMode.POSITIVE)

        attempt()

    def _send(self, case: Any, *, is_valid: bool) -> None:
        """Send a case; half of the valid ones are about what is there."""
        if is_valid and self.statuses.total() % 2:
            there = {name: _THERE[name] for name in case.path_parameters or {}}
            case.path_parameters.update(there)
        answer = case.call(session=self.session)
        self.statuses[answer.status_code] += 1
        try:
            # Which valid input is refused depends on the plan, and on rules about text that a
            # JSON Schema does not express.
            case.validate_response(answer, excluded_checks=[positive_data_acceptance])
        except FailureGroup as group:
            for failure in group.exceptions:
                self.failures[f"{case.operation.label}: {failure}: {answer.text[:300]}"] += 1
