"""`plangate store migrate`: a store that is made once, by an unnamed scorer who may."""

from pathlib import Path

from tests.infrastructure.cli.conftest import Plangate


def test_the_store_is_made_and_made_again_without_harm(
    plangate: Plangate, database: Path, tmp_path: Path
) -> None:
    assert plangate("store", "migrate").stdout == "The store is ready.\n"
    assert database.is_file()
    assert plangate("store", "migrate", "--json").json == {"ready": True}
    assert plangate("store", "migrate", "--db", str(tmp_path)).exit_code == 4
