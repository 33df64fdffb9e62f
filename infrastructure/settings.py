"""What can be set from outside: environment variables named `PLANGATE_…`."""

from pathlib import Path

from platformdirs import user_config_path, user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_database() -> str:
    """Where plans are kept when nobody says otherwise."""
    return str(user_data_path("plangate") / "plans.db")


def default_ledger_key() -> Path:
    """Where the key of the ledger is kept when nobody says otherwise: not beside the plans."""
    return user_config_path("plangate") / "ledger.pem"


class Settings(BaseSettings):
    """The store to use when a caller names none.

    `PLANGATE_DB`: any form that `plangate.connect` understands. `PLANGATE_SCHEMA`:
    the schema in a PostgreSQL database. `PLANGATE_PERSISTENCE_MODULE`: another
    engine of the `eventsourcing` family, for which its own variables speak.
    `PLANGATE_LEDGER_KEY`: the file with the key that signs checkpoints.
    """

    model_config = SettingsConfigDict(env_prefix="PLANGATE_", env_ignore_empty=True)

    db: str | None = Field(default=None, repr=False)  # it may hold a password
    pg_schema: str = Field(default="plangate", validation_alias="PLANGATE_SCHEMA")
    persistence_module: str | None = None
    ledger_key: Path = Field(default_factory=default_ledger_key)

    def target(self) -> str:
        """The store to use; the default one gets its folder made."""
        if self.db is not None:
            return self.db
        Path(default_database()).parent.mkdir(parents=True, exist_ok=True)
        return default_database()
