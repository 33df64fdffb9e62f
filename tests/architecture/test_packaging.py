"""What is installed is what stands in the tree, under one name of its own."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.architecture.checkout import LAYERS, ROOT, copy_to, modules, settings

# One worker builds the wheel for all the tests below.
pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy: a build leaves files behind, and packs those that an earlier one left."""
    checkout = copy_to(tmp_path_factory.mktemp("checkout"))
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist", "."],
        cwd=checkout,
        capture_output=True,
        check=True,
    )
    (built,) = (checkout / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def contents(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_claims_no_name_but_plangate(contents: set[str]) -> None:
    tops = {name.partition("/")[0] for name in contents}
    version = settings()["project"]["version"]

    assert tops == {"plangate", f"plangate-{version}.dist-info"}


def test_the_wheel_holds_every_module_of_the_tree(contents: set[str]) -> None:
    assert {name for name in contents if name.endswith(".py")} == modules()


def test_the_wheel_is_marked_as_typed(contents: set[str]) -> None:
    assert "plangate/py.typed" in contents


def test_the_wheel_holds_what_the_pages_are_made_of(contents: set[str]) -> None:
    dashboard = ROOT / "infrastructure" / "dashboard"
    files = [*(dashboard / "static").iterdir(), *(dashboard / "templates").iterdir()]

    assert {f"plangate/{path.relative_to(ROOT)}" for path in files} <= contents


def test_the_listed_packages_are_those_of_the_tree() -> None:
    setuptools = settings()["tool"]["setuptools"]
    there = {Path(name).parent.as_posix().replace("/", ".") for name in modules()}

    assert set(setuptools["packages"]) == there
    assert setuptools["package-dir"] == {
        package: package.removeprefix("plangate.").replace(".", "/") for package in there
    }


def test_every_folder_with_modules_is_a_package() -> None:
    found = modules()

    assert {f"{Path(name).parent.as_posix()}/__init__.py" for name in found} <= found


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_reached_through_a_relative_link(layer: str) -> None:
    link = ROOT / "plangate" / layer

    assert link.is_symlink()
    assert link.readlink() == Path("..") / layer


def test_installed_beside_packages_of_the_same_names_plangate_keeps_its_own(
    wheel: Path, tmp_path: Path
) -> None:
    backend = tmp_path / "backend"
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--no-deps", "--no-index", "--no-compile", "--target", backend, wheel],
        capture_output=True,
        check=True,
    )
    for name in LAYERS:
        (backend / name).mkdir()
        (backend / name / "__init__.py").write_text(f"OWNER = 'the backend: {name}'\n", "utf-8")

    names = sorted(
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in modules()
        if not name.endswith("__main__.py")
    )
    program = f"""
import importlib, pathlib, sys
backend = {str(backend)!r}
sys.path.insert(0, backend)
for name in {names!r}:
    module = importlib.import_module(name)
    assert pathlib.Path(module.__file__).is_relative_to(backend), name
for name in {LAYERS!r}:
    assert importlib.import_module(name).OWNER == f"the backend: {{name}}"
"""
    outcome = subprocess.run(
        [sys.executable, "-I", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert outcome.returncode == 0, outcome.stderr


def test_no_committed_file_holds_a_download_address_or_a_path_of_one_machine() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    suspicious = re.compile(
        r"https?://[^\s\"')]*(?:/simple\b|\.whl\b|\.tgz\b|\.tar\.gz\b)"
        r"|--(?:extra-)?index-url|file:///"
        r"|(?<![\w.~/-])/(?:home|root|work|Users|opt)/\w"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in (ROOT / name for name in listed.stdout.split("\0") if name)
        if path.is_file() and path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1)
        if suspicious.search(line)
    ]

    assert not found, "\n".join(found)
