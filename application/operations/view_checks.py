"""What is looked for in the views: whether they hang behind, or are stuck."""

from collections.abc import Iterator
from typing import Final

from plangate.application.operations.observations import Told, problem, warning
from plangate.application.operations.reports import Observation
from plangate.application.views.status import ViewReport

_MEND: Final = "its rows stay as they were until the event is mended"


def examined_views(report: ViewReport) -> Iterator[Observation]:
    """How each view stands. To lag is usual: a view catches up when it is asked."""
    for view in report.views:
        rebuilding = "" if view.rebuilding is None else f", being rebuilt at {view.rebuilding:,}"
        stands = f"{view.name}: rows {view.rows:,}, positions behind {view.lag:,}{rebuilding}"
        if view.position > report.position:
            found = f"{view.name} stands at {view.position:,}, beyond the end of the log"
            yield problem("views", found, view.name, "events were removed; take a backup")
            continue
        told = Told("views", stands)
        told.take(
            warning(
                "views",
                f"{view.name} is stuck: {stuck.why}",
                f"{stuck.plan_id}@{stuck.version}",
                _MEND,
            )
            for stuck in view.stuck
        )
        yield from told.observations()
    if report.failure:
        yield warning("views", f"the background reader stands still: {report.failure}", None, None)
