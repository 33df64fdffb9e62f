"""Settings from environment variables named `PLANGATE_…`."""

from pathlib import Path

from platformdirs import user_config_path, user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_database() -> str:
    """The default path of the store."""
    return str(user_data_path("plangate") / "plans.db")


class Settings(BaseSettings):
    """The store to use when a caller names none.

    `PLANGATE_DB`: any target that `plangate.connect` accepts. `PLANGATE_SCHEMA`: the schema
    in a PostgreSQL database. `PLANGATE_PERSISTENCE_MODULE`: another engine of the
    `eventsourcing` library, configured by its own variables. `PLANGATE_LEDGER_KEY`: the
    file with the key that signs checkpoints.
    """

    model_config = SettingsConfigDict(env_prefix="PLANGATE_", env_ignore_empty=True)

    db: str | None = Field(default=None, repr=False)  # it may hold a password
    pg_schema: str = Field(default="plangate", validation_alias="PLANGATE_SCHEMA")
    persistence_module: str | None = None
    ledger_key: Path = Field(  # not beside the store
        default_factory=lambda: user_config_path("plangate") / "ledger.pem"
    )

    def target(self) -> str:
        """The configured store, or the default one, whose folder is created."""
        if self.db is not None:
            return self.db
        Path(default_database()).parent.mkdir(parents=True, exist_ok=True)
        return default_database()
