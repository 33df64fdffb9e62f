"""The script, the stylesheet and the picture of the pages, from inside the package."""

import hashlib
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOREVER: Final = "public, max-age=31536000, immutable"
_FOLDER: Final = files("plangate.infrastructure.dashboard") / "static"
_ASSETS: Final = {
    one.name: one.read_bytes() for one in _FOLDER.iterdir() if one.name.rpartition(".")[2] in _TYPES
}

DIGEST: Final = hashlib.sha256(b"".join(_ASSETS[name] for name in sorted(_ASSETS))).hexdigest()[:12]
"""It is in the addresses of the assets, so that browsers keep them until they change."""


def routes() -> APIRouter:
    """The route of the assets. They hold nothing of any plan, so anyone may read them."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
    async def asset(digest: str, name: str) -> Response:
        if name not in _ASSETS:
            return Response(status_code=404)
        headers = {
            "Cache-Control": _FOREVER if digest == DIGEST else "no-cache",
            "X-Content-Type-Options": "nosniff",
        }
        kind = _TYPES[name.rpartition(".")[2]]
        return Response(_ASSETS[name], media_type=kind, headers=headers)

    return router
