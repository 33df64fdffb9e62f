"""All commands: where each is, how `terminal` runs it, and one line about it.

A command's module, with what it imports, is loaded when the command is asked for: `gate`
from a shell would otherwise wait for the plots, the ledger and the importers.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Kind = Literal["query", "operate", "record", "create", "create_many", "unbound", "plain"]


class Entry(NamedTuple):
    """Where a command is, below this package, how `terminal` runs it, and what it does."""

    kind: Kind
    module: str
    function: str
    summary: str


class Subcommands(NamedTuple):
    """Commands under one word, and what they are about."""

    summary: str
    commands: Mapping[str, Entry]
    default: str | None = None
    """The command that the word alone means."""


DAILY: Final[Mapping[str, Entry]] = {
    "init": Entry("unbound", "commands.init", "init", "Make a store for this project."),
    "create": Entry("create", "commands.plans", "create", "Register the plan in a file."),
    "next": Entry("record", "commands.work", "next_task", "Take the next task that is ready."),
    "score": Entry("record", "commands.work", "score", "Score a task; the gate judges the plan."),
    "gate": Entry("query", "commands.gate", "gate", "Ask for the verdict; its exit code is it."),
    "status": Entry("query", "commands.plans", "status", "Show a plan, or what needs a person."),
    "list": Entry("query", "commands.lists", "list_plans", "List the plans, newest first."),
    "revise": Entry("record", "commands.revise", "revise", "Change a plan's tasks."),
    "retry": Entry("record", "commands.gate", "retry", "Give a task another attempt."),
    "approve": Entry("record", "commands.gate", "approve", "Let work go on, and accept results."),
    "history": Entry("query", "commands.history", "history", "Show who did what, and why."),
    "explain": Entry("query", "commands.history", "explain", "Show what makes the confidence."),
}
MORE: Final[Mapping[str, Entry]] = {
    "apply": Entry("create_many", "commands.transfer", "apply", "Apply a trace of commands."),
    "import": Entry(
        "create_many", "commands.transfer", "import_plans", "Import plans of another store or tool."
    ),
    "export": Entry("query", "commands.transfer", "export", "Write plans to a bundle."),
    "report": Entry("query", "commands.report", "report", "Report on plans in one HTML file."),
    "serve": Entry("operate", "commands.serve", "serve_plans", "Serve the API and the pages."),
    "demo": Entry("operate", "demo", "demo", "Lead a small plan through its whole life."),
    "help": Entry("plain", "commands.help", "help_", "Show help: help score, help exit-codes."),
}
GROUPS: Final[Mapping[str, Subcommands]] = {
    "task": Subcommands(
        "One task: claim, defer, undefer, mark, release, heartbeat, outcome, retract.",
        {
            "claim": Entry("record", "commands.work", "claim", ""),
            "defer": Entry("record", "commands.work", "defer", ""),
            "undefer": Entry("record", "commands.work", "undefer", ""),
            "mark": Entry("record", "commands.work", "mark", ""),
            "release": Entry("record", "commands.work", "release", ""),
            "heartbeat": Entry("record", "commands.work", "heartbeat", ""),
            "outcome": Entry("record", "commands.work", "outcome", ""),
            "retract": Entry("record", "commands.work", "retract", ""),
        },
    ),
    "plan": Subcommands(
        "One plan: pause, archive, delete, erase; its graph, board, timeline and past.",
        {
            "pause": Entry("record", "commands.plans", "pause", ""),
            "resume": Entry("record", "commands.plans", "resume", ""),
            "archive": Entry("record", "commands.plans", "archive", ""),
            "restore": Entry("record", "commands.plans", "restore", ""),
            "delete": Entry("record", "commands.plans", "delete", ""),
            "erase": Entry("record", "commands.operations", "erase", ""),
            "graph": Entry("query", "commands.plans", "graph", ""),
            "board": Entry("query", "commands.boards", "board", ""),
            "timeline": Entry("query", "commands.boards", "timeline", ""),
            "replans": Entry("query", "commands.boards", "replans", ""),
            "as-of": Entry("query", "commands.history", "as_of", ""),
            "diff": Entry("query", "commands.history", "diff", ""),
        },
    ),
    "replay": Subcommands(
        "Other policies tried on what happened, and decisions checked.",
        {
            "what-if": Entry("query", "commands.analysis", "what_if", ""),
            "sweep": Entry("query", "commands.analysis", "sweep", ""),
            "tune": Entry("query", "commands.tune", "tune", ""),
            "check": Entry("query", "commands.analysis", "check", ""),
        },
    ),
    "evidence": Subcommands(
        "How far scores can be trusted: agreement, findings, calibrate.",
        {
            "agreement": Entry("query", "commands.agreement", "agreement", ""),
            "findings": Entry("query", "commands.analysis", "findings", ""),
            "calibrate": Entry("query", "commands.analysis", "calibrate", ""),
        },
    ),
    "ledger": Subcommands(
        "Tamper evidence: sign the log, prove what is in it, find what was altered.",
        {
            "checkpoint": Entry("query", "commands.ledger", "checkpoint", ""),
            "verify": Entry("query", "commands.ledger", "verify", ""),
            "rebuild": Entry("query", "commands.ledger", "rebuild", ""),
            "prove": Entry("query", "commands.ledger", "prove", ""),
            "consistency": Entry("query", "commands.ledger", "consistency", ""),
            "key": Entry("query", "commands.ledger", "key", ""),
        },
    ),
    "views": Subcommands(
        "The views that answer questions over all plans: status, rebuild.",
        {
            "status": Entry("query", "commands.operations", "views_status", ""),
            "rebuild": Entry("query", "commands.operations", "rebuild_views", ""),
        },
    ),
    "mcp": Subcommands(
        "Plans for agents over MCP: alone, serve the program that starts it; install.",
        {
            "serve": Entry("operate", "commands.mcp", "serve_agents", ""),
            "install": Entry("query", "commands.mcp", "install_for", ""),
        },
        default="serve",
    ),
    "keys": Subcommands(
        "API keys for other machines: create, list, revoke.",
        {
            "create": Entry("operate", "commands.keys", "create_key", ""),
            "list": Entry("query", "commands.keys", "list_keys", ""),
            "revoke": Entry("query", "commands.keys", "revoke_key", ""),
        },
    ),
    "store": Subcommands(
        "The whole store: doctor, backup, restore, copy, migrate.",
        {
            "doctor": Entry("query", "commands.operations", "doctor", ""),
            "backup": Entry("query", "commands.operations", "backup", ""),
            "restore": Entry("operate", "commands.operations", "restore_backup", ""),
            "copy": Entry("unbound", "commands.operations", "copy", ""),
            "migrate": Entry("operate", "commands.operations", "migrate", ""),
        },
    ),
}
ALIASES: Final[Mapping[str, str]] = {"ls": "list", "show": "status", "log": "history"}


def every_command() -> Mapping[str, Entry]:
    """Every command by the words that one types for it."""
    below = {
        f"{group} {name}": entry
        for group, one in GROUPS.items()
        for name, entry in one.commands.items()
    }
    return {**DAILY, **MORE, **below}
