"""`plangate init`: a store for the project in the current folder, and a first plan to change."""

import json
from pathlib import Path
from typing import Final

import typer
from rich.console import Group
from rich.text import Text

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.answers import NewProject
from plangate.infrastructure.cli.render.text import harmless, unbroken
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.project import CONFIG, FOLDER, STORE, Project

_PLAN: Final = """\
# A plan. Change it, then register it: plangate create .plangate/plan.yaml
plan_id: first-plan        # how you name it; without one it gets an id
goal: Move the invoices to the new ledger
# policy: steady           # for noisy judges; otherwise classic: every low score fires
# labels: [billing]
# priority: 1              # of all plans, the highest is worked on first
tasks:
  - id: schema
    title: Design the schema
    description: Names, keys, constraints.
  - id: backfill
    title: Backfill the invoices
    depends_on: [schema]   # not handed out before these are done
    # priority: 2
    # labels: [data]
    # metadata: {ticket: 42}
  - Let the reports read from it    # a title alone is a task too
"""
_STORE_LINE: Final = '# store = "postgresql://localhost/plans"   # else plans.db in this folder'
_CONFIG: Final = f"""\
# What plangate does here unless an option or a variable says otherwise.
{_STORE_LINE}
# actor = "ci"                             # otherwise git's user.name, or the login name
# policy = "steady"                        # of new plans that name none
# findings = "findings.yaml"               # what plangate evidence findings is configured by
"""
IGNORED: Final = f"{STORE}*\n.gitignore\n"
"""What git is to leave alone in the folder."""


def init(terminal: Terminal) -> None:
    """Make a store for this project in .plangate/, and a plan file to begin with.

    plangate finds it from here and from every folder below. What is there is left as it is.
    A store that --db names is the project's instead.

    Example: plangate init && plangate create .plangate/plan.yaml
    """
    folder = Path.cwd() / FOLDER
    config = _CONFIG if terminal.store is None else _config_of(folder, terminal.store)
    folder.mkdir(exist_ok=True)
    store = terminal.store or str(folder / STORE)
    is_new = not Path(store).exists()
    connect(store).close()
    made = [
        name
        for name, content in (("plan.yaml", _PLAN), (CONFIG, config), (".gitignore", IGNORED))
        if _wrote(folder / name, content)
    ]
    if is_new and terminal.store is None:
        made.append(STORE)
    terminal.done = "the project was made"
    answer = NewProject(folder=str(folder), store=store, made=tuple(made))
    terminal.answer(answer, _render)


def _render(answer: NewProject, _hint: object) -> Group:
    said = f"Made {', '.join(answer.made)} in {FOLDER}/."
    if not answer.made:
        said = f"All is there already in {FOLDER}/."
    own = Path(answer.folder) / STORE
    named = [] if answer.store == str(own) else [Text(harmless(f"Its store is {answer.store}."))]
    return Group(Text(said), *named, unbroken(f"  plangate create {FOLDER}/plan.yaml"))


def _config_of(folder: Path, store: str) -> str:
    """The configuration with a store that is named; one that is there must name it already."""
    line = f"store = {json.dumps(store)}"
    project = Project.at(folder.parent)
    if (folder / CONFIG).exists() and (project is None or project.store != store):
        raise typer.BadParameter(f"{FOLDER}/{CONFIG} is there already; write into it: {line}")
    return _CONFIG.replace(_STORE_LINE, line)


def _wrote(file: Path, content: str) -> bool:
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(content)
    except FileExistsError:
        return False
    return True
