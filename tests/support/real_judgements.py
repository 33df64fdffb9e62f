"""Judgements that a model really gave: an excerpt of their trace, and all of it where it lies.

`tests/data/README.md` says where they come from.
"""

from pathlib import Path
from typing import Final, NamedTuple

import pytest

_ROOT: Final = Path(__file__).parents[2]


class RealTrace(NamedTuple):
    """A trace, and what comes of applying it under the default policy."""

    path: Path
    plans: int
    scores: int
    replans: int
    events: int


EXCERPT: Final = RealTrace(
    _ROOT / "tests" / "data" / "judged-plans-excerpt.trace.jsonl",
    plans=2,
    scores=24,
    replans=11,
    events=61,
)
WHOLE: Final = RealTrace(
    _ROOT.parent / "shared" / "data" / "judged-plans.trace.jsonl",
    plans=96,
    scores=1_146,
    replans=1_028,
    events=3_416,
)

on_real_judgements: Final = pytest.mark.parametrize(
    "trace",
    [
        pytest.param(EXCERPT, id="excerpt"),
        *([pytest.param(WHOLE, id="whole", marks=pytest.mark.soak)] if WHOLE.path.exists() else []),
    ],
)
"""Runs a test on the excerpt, and on the whole trace in `make soak`, where it lies beside."""
