"""A plan of a source on its way into the store: what was asked for, and the commands' keys.

Every command has an idempotency key without text, which may be erased later; by these keys the
next import knows what earlier ones recorded.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from plangate.application.command_context import CommandContext
from plangate.application.command_handler import Together
from plangate.application.errors import IdempotencyKeyReused
from plangate.application.idempotency import arguments_digest, digest_without_text
from plangate.application.importing.foreign import ForeignPlan
from plangate.application.importing.former_source import IMPORT_KEY
from plangate.application.importing.results import PlanFormat
from plangate.application.importing.sources import NAMES, FoundPlan, digest
from plangate.application.importing.update import Update
from plangate.application.models import Model
from plangate.application.stream_cache import Receipt, Stream
from plangate.domain.commands import PlanCommand
from plangate.domain.presets import GivenPolicy
from plangate.domain.vocabulary import Flag, Identifier, Prose, Reason

IMPORTED_FROM: Final = "imported_from"
"""The plan's metadata that names its source: format, tag and path."""


class ImportRequest(Model):
    """What a caller asks for. `source` is the path of the file, relative to the store."""

    format: PlanFormat
    tag: Prose | None = None
    plan_id: Identifier | None = None
    source: Prose | None = Field(default=None)
    policy: GivenPolicy | None = None
    reason: Reason | None = None
    only_new: Flag = False
    dry_run: Flag = False

    def source_of(self, found: FoundPlan) -> dict[str, Any]:
        """What a plan's metadata says of its source."""
        named = {"format": self.format.value, "tag": found.tag, "path": self.source}
        return {name: value for name, value in named.items() if value is not None}

    def source_key(self, source: Mapping[str, Any]) -> str:
        """The key of the command that makes the plan of a source: by it the plan is found again."""
        return f"{IMPORT_KEY}{self.format}-from-{digest(source)}"

    def reason_for(self, update: Update) -> str:
        """Why a plan is revised: as the caller says, or what has changed in its source."""
        if self.reason is not None:
            return self.reason
        counted = Counter(change.change for change in update.changes)
        what = ", ".join(f"{number} {change}" for change, number in counted.items())
        return f"the source ({self.source or NAMES[self.format]}) has gone on: {what}"


class PlanImport:
    """A plan of a source on its way into the store: the keys that its commands have."""

    def __init__(
        self,
        found: FoundPlan,
        plan: ForeignPlan,
        request: ImportRequest,
        context: CommandContext,
    ) -> None:
        self.plan = plan
        self.request = request
        self._found = found
        self._context = context
        self._prefix = f"{IMPORT_KEY}{request.format}-"
        self._source_key: str | None = None
        """What the command has that makes the plan of a source."""
        self._asked_key: str | None = None
        """What the first command has where the caller gave a key."""
        self._given = ""
        self._arguments_digest: str | None = None
        if request.source is not None:
            self._source_key = request.source_key(request.source_of(found))
        if context.idempotency_key is not None:
            self._given = digest(context.idempotency_key)
            self._asked_key = f"{self._prefix}asked-{self._given}"
            self._arguments_digest = self._given + self._digest_of_arguments()

    def _digest_of_arguments(self) -> str:
        asked = self.request.model_dump(mode="json", exclude={"dry_run"}, exclude_defaults=True)
        return digest([asked, *map(arguments_digest, self.plan.commands)])

    def receipt(self, stream: Stream) -> Receipt | None:
        """The receipt of this very import, where the caller's key says that it is sent again.

        A plan that was made of a source has the source's key; then the digest of the arguments
        shows which key the caller gave. Raises `IdempotencyKeyReused`.
        """
        if self._asked_key is None:
            return None
        receipt = stream.receipts.get(self._asked_key)
        if receipt is None and self._source_key is not None:
            made = stream.receipts.get(self._source_key)
            is_asked = made is not None and (made.arguments_digest or "").startswith(self._given)
            receipt = made if is_asked else None
        if receipt is not None and receipt.arguments_digest not in {None, self._arguments_digest}:
            raise IdempotencyKeyReused(stream.plan.plan_id, self._context.idempotency_key or "")
        return receipt

    def is_of(self, stream: Stream) -> bool:
        """Whether the plan was imported from this source, or the caller says that it is."""
        if self.request.plan_id is not None or self._found.is_named:
            return True
        if not any(key.startswith(self._prefix) for key in stream.receipts):
            return False
        known = stream.plan.metadata.get(IMPORTED_FROM)
        if not isinstance(known, dict) or self.request.source is None:
            return True
        return known == self.request.source_of(self._found)

    def making(self) -> Sequence[Together]:
        """The commands that make the plan."""
        first, made = self._source_key or self._asked_key, _commands_digest(self.plan.commands)
        return list(self._together(self.plan.commands, f"{self._prefix}made-{made}", first))

    def updating(self, stream: Stream, update: Update) -> Sequence[Together]:
        """The commands that bring the plan up to its source, if any are needed."""
        commands = list(update.commands(self.request.reason_for(update)))
        prefix = f"{self._prefix}{_commands_digest(commands)}-{stream.plan.version}"
        return list(self._together(commands, prefix, self._asked_key))

    def _together(
        self, commands: Sequence[PlanCommand], prefix: str, first: str | None
    ) -> Iterator[Together]:
        for number, command in enumerate(commands):
            key = first if first and not number else f"{prefix}-{number}"
            context = self._context.model_copy(update={"idempotency_key": key})
            yield Together(command, context, None if number else self._arguments_digest)


def _commands_digest(commands: Sequence[PlanCommand]) -> str:
    """A digest of commands without the text that may be erased later."""
    return digest([digest_without_text(one) or arguments_digest(one) for one in commands])
