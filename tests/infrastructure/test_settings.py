"""Settings are read from the environment, each time anew."""

from pathlib import Path

import pytest

from plangate.infrastructure.settings import Settings

VARIABLES = ("ACTOR", "DB", "SCHEMA", "PERSISTENCE_MODULE", "LEDGER_KEY")


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(f"PLANGATE_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def test_without_variables_the_settings_are_the_defaults(tmp_path: Path) -> None:
    settings = Settings()
    assert (settings.db, settings.pg_schema, settings.persistence_module) == (
        None,
        "plangate",
        None,
    )
    assert settings.ledger_key.name == "ledger.pem"
    assert settings.ledger_key.is_relative_to(tmp_path)
    assert settings.actor is None


def test_each_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(f"PLANGATE_{name}", f"a {name}")
    settings = Settings()
    assert settings.db == "a DB"
    assert settings.actor == "a ACTOR"
    assert settings.pg_schema == "a SCHEMA"
    assert settings.persistence_module == "a PERSISTENCE_MODULE"
    assert settings.ledger_key == Path("a LEDGER_KEY")
    assert "a DB" not in repr(settings)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = Settings()
    for name in VARIABLES:
        monkeypatch.setenv(f"PLANGATE_{name}", "")
    assert Settings() == unset
