"""The limit of the HTTP rows: FastAPI endpoints that store nothing, on the same server.

`python -m benchmarks.bare_http` prints its address, as `plangate serve` does.
"""

import asyncio
import socket
from typing import Annotated, Any, Final

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

_ANSWER: Final = {
    "plan_id": "plan",
    "verdict": "go",
    "tasks": [{"id": "t0", "title": "A" * 40}] * 20,
}


class Score(BaseModel):
    """The body of a score."""

    output_score: Annotated[float, Field(ge=0, le=1)]
    scorer: str


def bare_app() -> FastAPI:
    """An application with the two endpoints."""
    app = FastAPI()

    @app.get("/v1/plans/{plan_id}")
    async def status(plan_id: str) -> dict[str, Any]:
        return _ANSWER | {"plan_id": plan_id}

    @app.post("/v1/plans/{plan_id}/tasks/{task_id}/scores")
    async def score(plan_id: str, task_id: str, given: Score) -> dict[str, Any]:
        return _ANSWER | {"plan_id": plan_id, "task": task_id, "score": given.output_score}

    return app


def main() -> None:
    """Serve on a free port of loopback, until the process is ended."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        print(f"serves http://127.0.0.1:{listener.getsockname()[1]}/", flush=True)
        config = uvicorn.Config(bare_app(), http="h11", ws="none", log_level="error")
        asyncio.run(uvicorn.Server(config).serve([listener]))


if __name__ == "__main__":
    main()
