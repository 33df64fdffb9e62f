"""`plangate keys …`: issue API keys, list and revoke them."""

from datetime import UTC, datetime, timedelta

import typer

from plangate.application.access.key_store import ApiKey
from plangate.application.access.scopes import Scope
from plangate.infrastructure.cli.input.actor import default_actor
from plangate.infrastructure.cli.input.options import Actor, argument, option
from plangate.infrastructure.cli.render.keys import render_issued, render_keys, render_revoked
from plangate.infrastructure.cli.terminal import Terminal

_SCOPES = ", ".join(Scope)


def create_key(
    terminal: Terminal,
    name: str = argument("NAME", "What the key is for; events name it beside the key's id."),
    *,
    scopes: list[Scope] = option(
        "--scope",
        "SCOPE",
        f"What the key allows: {_SCOPES}; may be repeated. `admin` includes all, plans:write "
        "includes scoring and reading, plans:score includes reading.",
        default=...,
    ),
    days: float | None = option(
        "--expires-in", "DAYS", "Refuse the key after so many days. Default: never.", min=0
    ),
    actor: Actor = None,
) -> None:
    """Issue an API key, and show it: this once, as only a digest of it is kept.

    Example: plangate keys create ci --scope plans:score --expires-in 90
    """
    after, by = None if days is None else _days(days), actor or default_actor()
    issued = terminal.registry.keys.create(name, scopes, expires_in=after, actor=by)
    terminal.done = f"the key {issued.key.key_id} was issued"
    terminal.answer(issued, render_issued)


def list_keys(terminal: Terminal) -> None:
    """List the API keys, the revoked and expired ones too.

    Example: plangate keys list
    """
    now = datetime.now(UTC)
    terminal.answer(terminal.registry.keys.list(), lambda keys, _hint: render_keys(keys, now))


def revoke_key(
    terminal: Terminal,
    key_id: str = argument("KEY", "The key's id, as `list` shows it."),
    *,
    actor: Actor = None,
) -> None:
    """Revoke an API key, at once and for good.

    Example: plangate keys revoke 4fB2kPq9Zx
    """
    revoked: ApiKey = terminal.registry.keys.revoke(key_id, actor=actor or default_actor())
    terminal.done = f"the key {key_id} is revoked"
    terminal.answer(revoked, render_revoked)


def _days(days: float) -> timedelta:
    try:
        return timedelta(days=days)
    except (OverflowError, ValueError):
        raise typer.BadParameter("--expires-in: must be a number of days that ends") from None
