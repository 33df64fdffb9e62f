"""API keys on a screen; the token of a new one is shown alone on its line, to be copied."""

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.text import Text

from plangate.application.access.key_store import ApiKey
from plangate.application.access.keys import IssuedKey, KeyList
from plangate.infrastructure.cli.render.tables import Listing, fixed
from plangate.infrastructure.cli.render.text import Hint, harmless


def render_issued(issued: IssuedKey, hint: Hint) -> RenderableType:
    """A new key: its token, what it allows, and how to take it back."""
    key = issued.key
    until = f"until {_time(key.expires_at)}" if key.expires_at else "until it is revoked"
    return Group(
        Text(issued.token, style="bold", no_wrap=True, overflow="ignore"),
        Text(f"Keep it now: it is not shown again. It allows {_scopes(key)} {until}."),
        Text(f"To revoke it: {hint('keys', 'revoke', key.key_id)}", style="dim"),
    )


def render_keys(keys: KeyList, now: datetime) -> RenderableType:
    """All keys, in a table."""
    if not keys:
        return Text("There are no API keys.")
    table = Listing(fixed("key"), "name", "scopes", "issued", "state")
    for key in keys:
        state, style = _state(key, now)
        issued = _by(_time(key.created_at), key.created_by)
        table.add_row(
            key.key_id,
            Text(harmless(key.name)),
            Text(_scopes(key)),
            Text(issued),
            Text(state, style=style),
        )
    return table


def render_revoked(key: ApiKey, _hint: Hint) -> RenderableType:
    """A revoked key."""
    state, _ = _state(key, key.created_at)
    return Text(f"The key {key.key_id} ({harmless(key.name)}): {state}.")


def _state(key: ApiKey, now: datetime) -> tuple[str, str]:
    if key.revoked_at is not None:
        return _by(f"revoked {_time(key.revoked_at)}", key.revoked_by), "dim"
    if key.expires_at is None:
        return "in force", "green"
    if key.expires_at <= now:
        return f"expired {_time(key.expires_at)}", "dim"
    return f"in force until {_time(key.expires_at)}", "green"


def _scopes(key: ApiKey) -> str:
    return ", ".join(key.scopes)


def _by(what: str, who: str | None) -> str:
    return what if who is None else f"{what} by {harmless(who)}"


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
