"""Rows on `plangate serve`: status reads and scores over HTTP, by the number of clients."""

from collections.abc import Callable
from itertools import count

import plangate
from benchmarks.http_clients import HttpServer, Request, per_request
from benchmarks.logs import tasks
from benchmarks.measuring import Bench, Case, Contender, measure
from benchmarks.results import Measurement, Role, Row

_TASKS = 20
_SCORER = "model:judge@3"
_CLIENTS = (1, 8)
_NOTES = (
    "bare FastAPI answers as many tasks on the same uvicorn and stores nothing. The clients are "
    "threads of one process, which shares the processors with the server.",
)


def http_status(bench: Bench) -> Row:
    """The status of a plan, read over HTTP."""
    return Row(
        name="http-status",
        title="`GET /v1/plans/{plan_id}` of `plangate serve`",
        operation="request",
        size="clients",
        notes=_NOTES,
        measurements=_measured(bench, lambda _: ("GET", "/v1/plans/plan", None)),
    )


def http_score(bench: Bench) -> Row:
    """A durable score, sent over HTTP."""
    turns = count()

    def score(_: int) -> Request:
        turn = next(turns)
        value = 0.9 if turn // _TASKS % 2 == 0 else 0.1
        path = f"/v1/plans/plan/tasks/t{turn * 7 % _TASKS}/scores"
        return "POST", path, {"output_score": value, "scorer": _SCORER}

    return Row(
        name="http-score",
        title="`POST …/scores` of `plangate serve`",
        operation="request",
        size="clients",
        notes=(*_NOTES, "Each score is durable before it is answered."),
        measurements=_measured(bench, score),
    )


def _measured(bench: Bench, requests: Callable[[int], Request]) -> tuple[Measurement, ...]:
    path = bench.folder / "plans.db"
    with plangate.connect(path) as registry:
        registry.create("Move billing", tasks(_TASKS), plan_id="plan")
    ours = bench.closing(HttpServer(["-m", "plangate", "--db", str(path), "serve", "--port", "0"]))
    bare = bench.closing(HttpServer(["-m", "benchmarks.bare_http"]))
    number = 8 * bench.scale.commands

    def sent(port: int, clients: int) -> Callable[[], float]:
        return lambda: per_request(port, clients, requests, number)

    cases = [
        Case(
            clients,
            [
                Contender("plangate", Role.PLANGATE, sent(ours.port, clients)),
                Contender("bare FastAPI", Role.LIMIT, sent(bare.port, clients)),
            ],
        )
        for clients in _CLIENTS
    ]
    return measure(bench, cases, bench.scale.rounds)
