"""The base of the application's models, and of those at its edges: built when they are first used.

To build a model takes about a millisecond, and there are more than a hundred; most processes
use few of them.
"""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, version

from plangate.application.uninterrupted import uninterrupted

_LATE: Final = tuple(map(int, version.version_short().split("."))) >= (2, 14)
"""Whether threads may use a model first at the same time: before, pydantic built it wrongly."""


class Model(BaseModel):
    """A pydantic model that is built at its first use; an interruption does not spoil it."""

    model_config = ConfigDict(defer_build=_LATE)

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Build the model, unless it is built. Names in annotations are those of its module."""
        # Pydantic looks for other names in the frames of its caller, which are another thread's.
        options = {"_types_namespace": {}, **options}
        return uninterrupted(lambda: super(Model, cls).model_rebuild(**options))
