"""What a team decided about its findings: severities, names, and accepted exceptions.

With it a CI run can fail on what is new and pass on what is known.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from plangate.application.evidence.finding import Finding, FindingKind, Severity
from plangate.application.evidence.same_text import text_key
from plangate.application.models import Model
from plangate.domain.vocabulary import Identifier, Reason

MAX_ENTRIES: Final = 10_000
"""How many aliases or exceptions a configuration holds."""


class Level(StrEnum):
    """How a kind of finding is reported: with a severity, or not at all."""

    WARNING = "warning"
    NOTICE = "notice"
    OFF = "off"


def _unquoted_off(level: object) -> object:
    """YAML takes an unquoted `off` for false."""
    return Level.OFF if level is False else level


class AcceptedException(Model):
    """Findings that were looked at and are accepted: of a plan, a task, a kind, and why.

    All that is given must agree; at least one of them is. A finding `about` a judge, as in
    `model:judge`, or an actor is not of one plan, so a `plan_id` does not cover it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan_id: Identifier | None = None
    task_id: Identifier | None = None
    kind: FindingKind | None = None
    about: Identifier | None = None
    reason: Reason

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if {self.plan_id, self.task_id, self.kind, self.about} == {None}:
            raise ValueError("must name a plan_id, a task_id, a kind or about whom it is")
        return self

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is what was accepted."""
        plan_id = finding.plan_id if finding.about is None else ""
        return (
            self.plan_id in {None, plan_id}
            and self.about in {None, finding.about}
            and self.task_id in {None, finding.task_id}
            and self.kind in {None, finding.kind}
        )


class FindingsConfig(Model):
    """How findings are reported.

    `severity` sets the severity of a kind, or turns it off. `aliases` maps a name to other
    names of the same person or program. `accept` lists accepted exceptions: they are counted
    and listed apart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: dict[FindingKind, Annotated[Level, BeforeValidator(_unquoted_off)]] = Field(
        default={}
    )
    aliases: dict[Identifier, tuple[Identifier, ...]] = Field(default={}, max_length=MAX_ENTRIES)
    accept: Annotated[tuple[AcceptedException, ...], Field(max_length=MAX_ENTRIES)] = ()

    def applied(self, found: Iterable[Finding]) -> list[Finding]:
        """The findings with the severities set here, without those that are off."""
        reported = []
        for finding in found:
            level = self.severity.get(finding.kind)
            if level is None:
                reported.append(finding)
            elif level is not Level.OFF:
                reported.append(finding.model_copy(update={"severity": Severity(level)}))
        return reported

    def are_off(self, kinds: Iterable[FindingKind]) -> bool:
        """Whether none of some kinds is reported."""
        return all(self.severity.get(kind) is Level.OFF for kind in kinds)

    def exception(self, finding: Finding) -> AcceptedException | None:
        """The first exception that covers a finding, if there is one."""
        return next((one for one in self.accept if one.covers(finding)), None)


GivenConfig = FindingsConfig | Mapping[str, Any] | None
"""A configuration as callers give it."""


class Names:
    """Who is who: names that differ in case, punctuation or spaces are of the same one."""

    def __init__(self, aliases: Mapping[str, Iterable[str]]) -> None:
        self._known: dict[str, str] = {}
        for name, others in aliases.items():
            known = self.key(name)
            self._known |= {text_key(other): known for other in others}

    def key(self, name: str) -> str:
        """The same text for all names of one person or program."""
        normal = text_key(name)
        return self._known.get(normal, normal)

    def same(self, one: str | None, other: str | None) -> bool:
        """Whether two names are of the same one; an absent name is no one's."""
        return one is not None and other is not None and self.key(one) == self.key(other)
