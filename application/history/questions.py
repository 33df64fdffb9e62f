"""What can be asked of the past: how things stood, why, and what other rules would have done."""

from plangate.application.views.questions import ViewQuestions


class HistoryQuestions(ViewQuestions):
    """The answers that a store's whole history gives."""
