"""What can be set from outside: environment variables named `PLANGATE_…`."""

from pathlib import Path

from platformdirs import user_data_path
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_database() -> str:
    """Where plans are kept when nobody says otherwise."""
    return str(user_data_path("plangate") / "plans.db")


class Settings(BaseSettings):
    """`PLANGATE_DB`: the store, in any form that `plangate.connect` understands."""

    model_config = SettingsConfigDict(env_prefix="PLANGATE_", env_ignore_empty=True)

    db: str | None = None

    def target(self) -> str:
        """The store to use; the default one gets its folder made."""
        if self.db is not None:
            return self.db
        Path(default_database()).parent.mkdir(parents=True, exist_ok=True)
        return default_database()
