"""Which store is meant where none is named: a variable, a project upwards, the user's own."""

from pathlib import Path

import pytest

from plangate.application.errors import NotAStore
from plangate.domain.errors import InvalidInput
from plangate.infrastructure.bootstrap import connect, connect_to_existing
from plangate.infrastructure.project import find_project
from plangate.infrastructure.settings import default_database
from plangate.infrastructure.store_finding import find_store


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder two below a project's, where the search begins."""
    for name in ("DB", "PERSISTENCE_MODULE", "ACTOR"):
        monkeypatch.delenv(f"PLANGATE_{name}", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    folder = tmp_path / "project" / "src" / "inner"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def project(folder: Path) -> Path:
    return folder.parents[1]


def test_without_anything_it_is_the_users_store_and_nothing_is_made(tmp_path: Path) -> None:
    found = find_store()

    assert (found.target, found.others) == (default_database(), ())
    with pytest.raises(NotAStore):
        connect_to_existing()
    assert not (tmp_path / "data").exists()


def test_creating_makes_the_folder_of_the_users_store(tmp_path: Path) -> None:
    connect().close()

    assert (tmp_path / "data" / "plangate" / "plans.db").is_file()


def test_the_nearest_folder_upwards_comes_before_the_users_store(project: Path) -> None:
    connect().close()
    (project / ".plangate").mkdir()

    found = find_store()

    assert found.target == str(project / ".plangate" / "plans.db")
    assert found.origin == "the nearest .plangate/"
    assert found.others == (default_database(),)


def test_a_nearer_folder_hides_one_above(project: Path, folder: Path) -> None:
    (project / ".plangate").mkdir()
    (folder / ".plangate").mkdir()

    assert find_store().target == str(folder / ".plangate" / "plans.db")


def test_the_variable_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".plangate").mkdir()
    connect().close()
    monkeypatch.setenv("PLANGATE_DB", "named.db")

    found = find_store()

    assert (found.target, found.origin) == ("named.db", "PLANGATE_DB")
    assert found.others == (str(project / ".plangate" / "plans.db"),)


def test_another_engine_comes_before_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".plangate").mkdir()
    monkeypatch.setenv("PLANGATE_PERSISTENCE_MODULE", "an.engine")

    assert find_store().target == "engine:"


def test_one_store_by_two_names_is_not_another_candidate(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".plangate").mkdir()
    connect().close()
    monkeypatch.setenv("PLANGATE_DB", "../../.plangate/plans.db")

    assert find_store().others == ()


@pytest.mark.parametrize(
    "file, table", [(".plangate/config.toml", ""), ("pyproject.toml", "[tool.plangate]\n")]
)
def test_a_configuration_names_the_store_actor_policy_and_findings(
    project: Path, file: str, table: str
) -> None:
    (project / file).parent.mkdir(exist_ok=True)
    (project / file).write_text(
        f'{table}store = "var/plans.db"\nactor = "ci"\npolicy = "steady"\nfindings = "f.yaml"\n',
        "utf-8",
    )

    found, configured = find_store(), find_project()

    assert (found.target, found.origin) == (str(project / "var/plans.db"), str(project / file))
    assert configured is not None
    assert (configured.actor, configured.policy) == ("ci", "steady")
    assert configured.path(configured.findings or "") == project / "f.yaml"


@pytest.mark.parametrize("store", ["postgresql://there/db", "memory:"])
def test_an_address_is_not_a_path_of_the_project(project: Path, store: str) -> None:
    (project / "pyproject.toml").write_text(f'[tool.plangate]\nstore = "{store}"\n', "utf-8")

    assert find_store().target == store


def test_a_pyproject_without_the_table_is_not_a_project(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.other]\n", "utf-8")

    assert find_project() is None


@pytest.mark.parametrize(
    "content, why",
    [
        ('stor = "x"', "'stor' is not known; accepted: store, actor, policy, findings"),
        ('stor = "x"', "did you mean 'store'?"),
        ("store = 1", "store must be text"),
        ("store", "is not TOML"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_file(
    project: Path, content: str, why: str
) -> None:
    (project / ".plangate").mkdir()
    (project / ".plangate" / "config.toml").write_text(content, "utf-8")

    with pytest.raises(InvalidInput, match=r"config\.toml: ") as refused:
        find_store()
    assert why in str(refused.value)


def test_a_folder_that_was_deleted_has_no_project(folder: Path) -> None:
    folder.rmdir()

    assert find_store().target == default_database()
