"""The address of a PostgreSQL database, and the settings that plangate asks for there.

An address is a libpq URL, with a parameter of our own: `pooling=transaction` says that a
pooler such as PgBouncer hands out the server's sessions for one transaction each. Names and
messages hold no password.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Composed, Literal

from plangate.application.errors import NotAStore

POOLING: Final = "pooling=transaction"
"""What the address says of a pooler that keeps no session for its clients."""

_TIMEOUTS: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "fallback_application_name": "plangate",
}
"""Defaults by which no call waits forever for a server that is gone."""

_SETTINGS: Final = {
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "10s",
}
TIME_OUTS: Final = tuple(_SETTINGS)
"""The server's settings that bound how long it waits."""

_UNAMBIGUOUS: Final = re.compile(r"[^/?@]*@?[^/?@]*(/[^/?@]*)?(\?.*)?", re.DOTALL)
_ONE_OPTION: Final = re.compile(r"(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)(?:\s+|$)", re.DOTALL)


class Address(NamedTuple):
    """Where a database is, and how it is used there."""

    name: str
    """Its name in messages."""

    conninfo: str
    """What libpq connects to."""

    settings: Mapping[str, str]
    """The server's settings that plangate asks for."""

    pooled: bool
    """Whether a pooler hands out the server's sessions for one transaction each."""

    @property
    def local_settings(self) -> Composed | None:
        """The statement that asks for the settings in a transaction, where no session can."""
        if not self.pooled:
            return None
        each = SQL("set_config({}, {}, true)")
        settings = (each.format(*map(Literal, setting)) for setting in self.settings.items())
        return SQL("SELECT {}").format(SQL(", ").join(settings))


def parsed(address: str) -> Address:
    """The parts of a URL. Errors repeat none of them: any may be the password."""
    if not _UNAMBIGUOUS.fullmatch(address.partition("://")[2]):
        raise NotAStore(
            "the PostgreSQL address can be read in more than one way: "
            "in a user name, a password or a database write @ as %40, / as %2F and ? as %3F"
        )
    address, pooled = _without_pooling(address)
    try:
        given = conninfo_to_dict(address)
    except (psycopg.Error, UnicodeError):
        raise NotAStore(
            "libpq does not understand the PostgreSQL address; "
            "it should look like postgresql://user:password@host:5432/database"
        ) from None
    _require_number("connect_timeout", (_TIMEOUTS | given)["connect_timeout"])
    options = str(given.get("options") or os.environ.get("PGOPTIONS", ""))
    asked = _settings_in(options)
    if pooled and asked is None:
        raise NotAStore(
            f"with {POOLING} the options of the PostgreSQL address can only be settings: "
            "-c name=value"
        )
    session = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
    # Given as empty, so that libpq takes no options from the environment.
    ours = {"options": "" if pooled else f"{session} {options}", "client_encoding": "utf8"}
    return Address(
        name=_name(given),
        conninfo=make_conninfo("", **_TIMEOUTS | given | ours),
        settings=_SETTINGS | (asked or {}),
        pooled=pooled,
    )


def _without_pooling(address: str) -> tuple[str, bool]:
    """The URL as libpq knows it, and whether it names a pooler."""
    path, _, query = address.partition("?")
    parameters = [one.partition("=") for one in query.split("&") if one]
    pooling = {unquote(value) for name, _, value in parameters if unquote(name) == "pooling"}
    if not pooling:
        return address, False
    if pooling != {"transaction"}:
        raise NotAStore(
            "the parameter pooling of the PostgreSQL address has an unknown value; "
            f"the only one is {POOLING}"
        )
    rest = "&".join("".join(one) for one in parameters if unquote(one[0]) != "pooling")
    return f"{path}?{rest}" if rest else path, True


def _require_number(name: str, value: Any) -> None:
    """Refuse a parameter that psycopg would take for no number as it connects."""
    try:
        int(float(value))
    except (ValueError, OverflowError):
        raise NotAStore(f"the parameter {name} of the PostgreSQL address is not a number") from None


def _settings_in(options: str) -> dict[str, str] | None:
    """The settings in command-line options of the server; None where they hold others."""
    settings = {}
    options = options.lstrip()
    while options:
        option = _ONE_OPTION.match(options)
        if option is None:
            return None
        settings[option[1].replace("-", "_")] = re.sub(r"\\(.)", r"\1", option[2])
        options = options[option.end() :]
    return settings


def _name(given: Mapping[str, Any]) -> str:
    database = given.get("dbname") or given.get("service") or given.get("user") or "of its user"
    host = given.get("host") or given.get("hostaddr") or "the local socket"
    port = f":{given['port']}" if given.get("port") else ""
    return f"the PostgreSQL database {database} on {host}{port}"
