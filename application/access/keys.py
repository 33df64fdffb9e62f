"""The `registry.keys` group: issue API keys, list and revoke them, and say whose a token is."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field

from plangate.application.access.key_store import ApiKey, KeyStore, StoredKey
from plangate.application.access.scopes import Scope
from plangate.application.access.tokens import Token
from plangate.application.command_context import CommandContexts
from plangate.application.errors import KeyNotFound, KeyRefused
from plangate.application.event_store import Clock
from plangate.application.models import Model
from plangate.application.results import Result, Rows
from plangate.application.validation import validate
from plangate.domain.errors import InvalidInput, Problem
from plangate.domain.vocabulary import Identifier

_LONGEST_NAME: Final = 100


class IssuedKey(Result):
    """A new key. Its `token` is shown this once: only a digest of it is kept."""

    token: str = Field(repr=False)
    key: ApiKey


class KeyList(Rows[ApiKey]):
    """The keys of a store, oldest first, the revoked and expired ones too."""

    keys: tuple[ApiKey, ...]

    @property
    def _rows(self) -> tuple[ApiKey, ...]:
        return self.keys


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be a time that the UTC calendar has") from None


class _NewKey(Model):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[Identifier, Field(max_length=_LONGEST_NAME)]
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    expires_at: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = None


class ApiKeys:
    """The API keys of one store; safe to share between threads."""

    def __init__(self, store: KeyStore, clock: Clock, contexts: CommandContexts) -> None:
        self._store = store
        self._clock = clock
        self._contexts = contexts

    def create(
        self,
        name: str,
        scopes: Iterable[Scope | str] | Scope | str,
        *,
        expires_at: datetime | None = None,
        expires_in: timedelta | None = None,
        actor: str | None = None,
    ) -> IssuedKey:
        """Issue a key; its token is in the answer, and nowhere else.

        `name` says what it is for; it may be given twice. Raises `InvalidInput`.
        """
        now = self._clock()
        if expires_in is not None:
            if expires_at is not None:
                raise InvalidInput([Problem("expires_in", "cannot be given with expires_at")])
            expires_at = _later(now, expires_in)
        scopes = [scopes] if isinstance(scopes, str) else scopes
        given: Mapping[str, Any] = {"name": name, "scopes": scopes, "expires_at": expires_at}
        new = validate(_NewKey, given)
        if new.expires_at is not None and new.expires_at <= now:
            raise InvalidInput([Problem("expires_at", "must be in the future")])
        by = self._contexts.current({"actor": actor}).actor
        while True:
            token = Token.new()
            key = ApiKey(
                key_id=token.key_id,
                name=new.name,
                scopes=tuple(scope for scope in Scope if scope in new.scopes),
                created_at=now,
                created_by=by,
                expires_at=new.expires_at,
            )
            if self._store.add(StoredKey(key, token.digest)):
                return IssuedKey(token=token.text, key=key)

    def list(self) -> KeyList:
        """All keys, without their secrets."""
        return KeyList(keys=tuple(stored.key for stored in self._store.all()))

    def revoke(self, key_id: str, *, actor: str | None = None) -> ApiKey:
        """Revoke a key, for good; from now on it is refused. A second time changes nothing.

        Raises `KeyNotFound`.
        """
        by = self._contexts.current({"actor": actor}).actor
        self._store.revoke(key_id, self._clock(), by)
        stored = self._store.find(key_id)
        if stored is None:
            raise KeyNotFound(key_id)
        return stored.key

    def any_valid(self) -> bool:
        """Whether there is a key that would be accepted now."""
        now = self._clock()
        return any(_obstacle(stored.key, now) is None for stored in self._store.all())

    def verify(self, token: str) -> ApiKey:
        """The key that a token belongs to; raises `KeyRefused` for any that is not in force."""
        parsed = Token.parsed(token)
        if parsed is None:
            raise KeyRefused("it is mistyped or incomplete")
        stored = self._store.find(parsed.key_id)
        # An unknown id takes as long as a wrong secret.
        digest = bytes(32) if stored is None else stored.digest
        if not compare_digest(parsed.digest, digest) or stored is None:
            raise KeyRefused("it is unknown")
        why = _obstacle(stored.key, self._clock())
        if why is not None:
            raise KeyRefused(why)
        return stored.key


def _obstacle(key: ApiKey, now: datetime) -> str | None:
    """Why a key is not in force."""
    if key.revoked_at is not None:
        return "it was revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "it has expired"
    return None


def _later(now: datetime, after: timedelta) -> datetime:
    try:
        return now + after
    except (OverflowError, TypeError):
        raise InvalidInput([Problem("expires_in", "must be a time span that ends")]) from None
