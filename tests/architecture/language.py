"""The private words of this project's past, what to say instead, and the few that may stay.

A word is private if a reader who knows event sourcing, SQL and Python would have to learn it
here first. `names` is sought among the parts of an identifier (`gate_fallen` has the parts
`gate` and `fallen`), `classes` is a whole class name, `prose` is sought in docstrings, comments,
strings, test titles, schemas and pages. Where a plain English word became private as a name
only, as `apart` did, prose may use it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PrivateWord:
    """Patterns by which a word is found, and what to say instead."""

    say: str
    names: str = ""
    prose: str = ""
    classes: str = ""
    but: str = ""
    """Prose in which the word is plain English."""
    within: str = ""
    """The paths in which the word is private, as a pattern; everywhere if empty."""


def _anywhere(pattern: str, say: str) -> PrivateWord:
    return PrivateWord(say, names=pattern, prose=pattern)


_ONE: Final = r"(?:a|an|the|its|this|that|one|no|next|last|each|every|whose)"

PRIVATE_WORDS: Final = {
    "acceptance": _anywhere("acceptance", "validation"),
    "apart": PrivateWord("an event pair", names="apart"),
    "Call": PrivateWord("CommandContext", classes="Calls?"),
    "course": PrivateWord("gate trace", names="course"),
    "ending": PrivateWord("final state, or suffix", names="endings?"),
    "fallen": _anywhere("fallen", "tripped"),
    "fall": PrivateWord("trip", names="fall", prose=rf"{_ONE} fall"),
    "family": _anywhere("famil(?:y|ies)", "the other engines"),
    "figure": _anywhere("figure", "rolling confidence, an Estimate, or number"),
    "folding": PrivateWord("projector", names="folding"),
    "goes_on": PrivateWord("add", names="^goes_on$"),
    "happening": PrivateWord(
        "event facts, or event", names="happenings?", prose=rf"{_ONE} happening|happenings"
    ),
    "keeper": _anywhere("keepers?", "projection runner"),
    "mark": PrivateWord(
        "view position", names="^marks?$", within=r"application/views/|infrastructure/.*view"
    ),
    "nobody": _anywhere("nobody", "name the actor, or no one"),
    "Place": PrivateWord("SourceLocation, BundleTarget, EventLocation", classes=r"\w*Places?"),
    "reach": PrivateWord("tree head, or position", names="reach", prose=rf"{_ONE} reach"),
    "readings": PrivateWord("sample", names="^readings$", classes=r"\w*Readings?"),
    "somebody": _anywhere("somebody", "name the actor"),
    "standing": PrivateWord(
        "current, obstacles, projector state, assessment",
        names="standing",
        prose="standing",
        but="long-standing",
    ),
    "story": _anywhere("stor(?:y|ies)", "history, or comparison"),
    "tell": PrivateWord(
        "say, show, report",
        names="tells?|telling|told",
        prose="tells?|telling|told",
        but=r"(?:can|cannot|can't|could) (?:not )?tell|(?:tells?|telling|told)(?: \w+){0,3} apart",
    ),
    "trouble": _anywhere("troubl(?:e|ed|es)", "first failure, problem"),
    "untold": _anywhere("untold", "no_progress"),
    "upkeep": _anywhere("upkeep", "operations"),
    "urgency": _anywhere("urgency", "priority"),
    "whoever": _anywhere("whoever", "name the actor"),
    "wish": _anywhere("wish(?:es|ed)?", "command"),
    "words": PrivateWord(
        "erasable text",
        names="holds_words|has_words|erased_words",
        prose=r"eras(?:e|ed|es|ing) (?:the |its |their )?words|words (?:that|which) people wrote",
    ),
    "Written": PrivateWord("Erasable", classes="Written"),
    "is no …": PrivateWord(
        "is not a …",
        prose=r"(?:is|are|was|were) no \w+",
        but=r"there (?:is|are|was|were) no \w+"
        r"|\w+ no (?:longer|more|less|fewer|later|earlier|sooner|better|worse|different|one)",
    ),
    "that which": PrivateWord("what", prose="that which"),
    "so that who": PrivateWord("so that the one who …", prose="(?:so that|than) who"),
    "R1": PrivateWord("what is promised, in words", prose=r"(?-i:R)\d{1,2}"),
}

PRIVATE_FILES: Final = frozenset(
    {"auditing", "calls", "checking", "explaining", "past", "stories", "telling", "trying"}
)
"""Names that say which activity a file is about. A file has its command's or screen's name."""


_BEFORE: Final = (
    "tell=|(?:gate_)?fallen|troubled|wish|readings|Reading|Figures?|figure|FigureMove"
    "|(?:Task)?Ending|Happening"
)


@dataclass(frozen=True)
class Exemption:
    """Where a private word may stay: in these files, in this text, or in this text there."""

    reason: str
    files: str = ""
    text: str = ""
    words: frozenset[str] = frozenset(PRIVATE_WORDS)


EXEMPTIONS: Final = (
    Exemption("the views' column, until their next version", text="gate_fallen"),
    Exemption("the name of a stored table", text="ledger_reach"),
    Exemption("what beads and Backlog.md call them", text="[Aa]cceptance[ _][Cc]riteria"),
    Exemption("a setting of matplotlib", text="font.family"),
    Exemption("the name of a check of schemathesis", text="positive_data_acceptance"),
    Exemption("the unprivileged user of every Unix", text="[_a-z]*as_nobody|_?NOBODY|`nobody`"),
    Exemption("the id of what is not there", files="tests/", text=r"\Anobody[\w-]*\Z"),
    Exemption(
        "matplotlib's name for a picture",
        files="(?:tests/)?infrastructure/plots/",
        words=frozenset({"figure"}),
    ),
    Exemption(
        "the title that pydantic makes from the key `place`",
        files="docs/schemas/",
        text=r"\APlace\Z",
    ),
    Exemption(
        "given, when, then: the language of the domain's tests",
        files=r"tests/domain/|tests/properties/conftest\.py|tests/support/story\.py",
        text=r"[Ss]tory",
    ),
    Exemption(
        "what older versions wrote",
        files=r"tests/journeys/test_older_versions\.py",
        text="(?:gate_)?fallen|troubled|wish|readings",
    ),
    Exemption(
        "names of before, in the table that says what they are called now",
        files=r"CHANGELOG\.md",
        text=rf"`(?:{_BEFORE})`|\A(?:{_BEFORE})\Z",
    ),
)
