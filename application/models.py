"""The base of all models: they are built when they are first used.

To build a model takes about a millisecond, and there are more than a hundred; most processes
use few of them.
"""

import os
from threading import RLock
from typing import Any

from pydantic import BaseModel, ConfigDict

from plangate.application.uninterrupted import uninterrupted


class Model(BaseModel):
    """A pydantic model that is built at its first use; an interruption does not spoil it."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Build the model, unless it is built. Names in annotations are those of its module."""
        # Pydantic looks for other names in the frames of its caller, which are another thread's.
        options = {"_types_namespace": {}, **options}

        def build() -> bool | None:
            with _building[0]:
                return super(Model, cls).model_rebuild(**options)

        return uninterrupted(build)


_building = [RLock()]
"""Pydantic builds a model for one thread at a time."""


def _renew() -> None:
    _building[0] = RLock()


os.register_at_fork(after_in_child=_renew)
