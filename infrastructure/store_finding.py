"""Which store is meant where none is named, and which others it could have been."""

from dataclasses import dataclass
from pathlib import Path

from plangate.infrastructure.project import FOLDER, Project, find_project
from plangate.infrastructure.settings import Settings, default_database


@dataclass(frozen=True, slots=True)
class FoundStore:
    """A store, what named it, and whether it is there yet."""

    target: str
    origin: str
    """What named it: a variable, a file of configuration, a project's folder, or the default."""
    others: tuple[str, ...] = ()
    """Stores that are there, and would have been meant without the one before them."""

    @property
    def is_default(self) -> bool:
        """Whether it is the user's store, as nothing names another."""
        return self.target == default_database()

    def make_folder(self) -> None:
        """Make the folder of the user's store; any other folder is the caller's concern."""
        if self.is_default:
            Path(self.target).parent.mkdir(parents=True, exist_ok=True)


def find_store(start: Path | None = None) -> FoundStore:
    """The store that is meant: `PLANGATE_DB`, else another engine, the project's, the user's.

    The project is that of the current folder, or of `start`. Nothing is created. Raises
    `InvalidInput` where the project's configuration is wrong.
    """
    settings = Settings()
    if settings.db is None and settings.persistence_module:
        return FoundStore("engine:", "PLANGATE_PERSISTENCE_MODULE")
    named = [FoundStore(settings.db, "PLANGATE_DB")] if settings.db is not None else []
    project = find_project(start)
    if project is not None:
        named += _of_project(project)
    user = FoundStore(default_database(), "your own store")
    chosen, *others = [*named, user]
    return FoundStore(
        chosen.target, chosen.origin, tuple(one.target for one in others if _differs(one, chosen))
    )


def _of_project(project: Project) -> list[FoundStore]:
    found = []
    if project.store is not None:
        is_path = "://" not in project.store and not project.store.endswith(":")
        target = str(project.path(project.store)) if is_path else project.store
        found.append(FoundStore(target, str(project.config_file)))
    if (own := project.own_store) is not None:
        found.append(FoundStore(str(own), f"the nearest {FOLDER}/"))
    return found


def _differs(other: FoundStore, chosen: FoundStore) -> bool:
    """Whether a store is there, and not the chosen one by another name."""
    path, meant = Path(other.target), Path(chosen.target)
    if "://" in other.target or not path.is_file():
        return False
    return not (meant.exists() and meant.samefile(path))
