"""Customers of examples/backend, who send each request until it is answered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from random import Random
from statistics import quantiles
from threading import Event
from time import perf_counter, sleep
from typing import Any, Final

import httpx

PARTS: Final = 3
_OPEN: Final = ("failed", "replanning")


class Customer:
    """Opens ticket after ticket, and decides what is done about bad results."""

    def __init__(self, url: str, name: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"X-User": name}, timeout=60)
        self._chance = Random(name)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)
        self.opened: list[str] = []
        self.decided: list[str] = []
        self.unavailable = 0

    def work(self, until: Event) -> None:
        """Open tickets and see them through, until `until` is set and the last one is done."""
        with self._http:
            while not until.is_set():
                self._see_through(self._open())

    def _open(self) -> str:
        body = {"title": "Move billing", "parts": [f"Part {n}" for n in range(PARTS)]}
        answer, _ = self._send("POST", "/tickets", body=body)
        self.opened.append(answer["ticket_id"])
        return self.opened[-1]

    def _see_through(self, ticket_id: str) -> None:
        while True:
            ticket, _ = self._send("GET", "/tickets/{}", ticket_id)
            if ticket["verdict"] == "complete":
                return
            bad = [task for task, status in ticket["tasks"].items() if status in _OPEN]
            if ticket["verdict"] in {"replan", "blocked"} and bad:
                action = self._chance.choice(["retry", "retry", "accept"])
                body = {"task_id": bad[0], "action": action, "reason": "not good enough"}
                _, key = self._send("POST", "/tickets/{}/decisions", ticket_id, body=body)
                self.decided.append(key)
                self._send("GET", "/replans")
                self._send("GET", "/notices")
            else:
                sleep(0.1)

    def _send(
        self, method: str, route: str, *ids: str, body: Mapping[str, Any] | None = None
    ) -> tuple[Any, str]:
        """The answer to a request, sent again with its key as long as the service is down."""
        key = f"{self._chance.getrandbits(128):032x}"
        while True:
            began = perf_counter()
            answer = self._http.request(
                method, route.format(*ids), json=body, headers={"Idempotency-Key": key}
            )
            self.seconds[f"{method} {route}"].append(perf_counter() - began)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                assert answer.is_success, f"{answer.status_code} {answer.text}"
                return answer.json(), key
            assert float(answer.headers["Retry-After"]) > 0
            self.unavailable += 1
            sleep(0.05)


def latencies(customers: Iterable[Customer]) -> dict[str, str]:
    """The number of requests to each endpoint, and their latency in milliseconds."""
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for customer in customers:
        for route, some in customer.seconds.items():
            seconds[route] += some
    return {route: _latency(some) for route, some in sorted(seconds.items()) if len(some) > 1}


def _latency(seconds: list[float]) -> str:
    parts = quantiles(seconds, n=20, method="inclusive")
    p50, p95 = parts[9] * 1000, parts[18] * 1000
    return f"{len(seconds)}: p50 {p50:.1f}, p95 {p95:.1f} ({p95 / p50:.1f}x)"
