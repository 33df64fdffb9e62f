"""`plangate init`: a store for the project in the current folder, and a first plan to change."""

from pathlib import Path
from typing import Final

from rich.console import Group
from rich.text import Text

from plangate.infrastructure.bootstrap import connect
from plangate.infrastructure.cli.answers import NewProject
from plangate.infrastructure.cli.render.text import unbroken
from plangate.infrastructure.cli.terminal import Terminal
from plangate.infrastructure.project import CONFIG, FOLDER, STORE

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
_CONFIG: Final = """\
# What plangate does here unless an option or a variable says otherwise.
# store = "postgresql://localhost/plans"   # otherwise plans.db in this folder
# actor = "ci"                             # otherwise git's user.name, or the login name
# policy = "steady"                        # of new plans that name none
# findings = "findings.yaml"               # what plangate evidence findings is configured by
"""
IGNORED: Final = f"{STORE}*\n.gitignore\n"
"""What git is to leave alone in the folder."""


def init(terminal: Terminal) -> None:
    """Make a store for this project in .plangate/, and a plan file to begin with.

    plangate finds it from here and from every folder below. What is there is left as it is.

    Example: plangate init && plangate create .plangate/plan.yaml
    """
    folder = Path.cwd() / FOLDER
    folder.mkdir(exist_ok=True)
    made = [
        name
        for name, content in (("plan.yaml", _PLAN), (CONFIG, _CONFIG), (".gitignore", IGNORED))
        if _wrote(folder / name, content)
    ]
    store = folder / STORE
    if not store.exists():
        made.append(STORE)
    connect(store).close()
    terminal.done = "the project was made"
    answer = NewProject(folder=str(folder), store=str(store), made=tuple(made))
    terminal.answer(answer, _render)


def _render(answer: NewProject, _hint: object) -> Group:
    said = f"Made {', '.join(answer.made)} in {FOLDER}/."
    if not answer.made:
        said = f"All is there already in {FOLDER}/."
    return Group(Text(said), unbroken(f"  plangate create {FOLDER}/plan.yaml"))


def _wrote(file: Path, content: str) -> bool:
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(content)
    except FileExistsError:
        return False
    return True
