"""Settings from environment variables named `PLANGATE_…`."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_config_path, user_data_path


def default_database() -> str:
    """The default path of the store."""
    return str(user_data_path("plangate") / "plans.db")


def _variable(name: str) -> str | None:
    return os.environ.get(f"PLANGATE_{name}") or None  # an empty one counts as not set


def _ledger_key() -> Path:
    given = _variable("LEDGER_KEY")
    return Path(given) if given else user_config_path("plangate") / "ledger.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says now, for callers that say nothing themselves.

    `PLANGATE_DB`: any target that `plangate.connect` accepts. `PLANGATE_SCHEMA`: the schema
    in a PostgreSQL database. `PLANGATE_PERSISTENCE_MODULE`: another engine of the
    `eventsourcing` library, configured by its own variables. `PLANGATE_LEDGER_KEY`: the
    file with the key that signs checkpoints. `PLANGATE_ACTOR`: who acts at the terminal.
    """

    db: str | None = field(default_factory=lambda: _variable("DB"), repr=False)
    """It may hold a password."""
    pg_schema: str = field(default_factory=lambda: _variable("SCHEMA") or "plangate")
    persistence_module: str | None = field(
        default_factory=lambda: _variable("PERSISTENCE_MODULE"),
    )
    ledger_key: Path = field(default_factory=_ledger_key)
    """Not beside the store."""
    actor: str | None = field(default_factory=lambda: _variable("ACTOR"))
