"""What cases can be grouped by."""

from enum import StrEnum


class Grouping(StrEnum):
    """What a calibration is separated by.

    `scorer` and `version` are those of the newest output score before the outcome, `month`
    is when it was given. `label` is one of the task or of its plan; a case with several
    labels is in several groups.
    """

    SCORER = "scorer"
    VERSION = "version"
    SOURCE = "source"
    LABEL = "label"
    MONTH = "month"
