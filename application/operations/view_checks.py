"""Check whether views lag behind the log or are stuck."""

from collections.abc import Iterator
from typing import Final

from plangate.application.operations.observations import CheckResult, problem, warning
from plangate.application.operations.reports import Observation
from plangate.application.views.queries import ViewReport

_REPAIR: Final = "its rows do not change until the event is repaired"


def check_views(report: ViewReport) -> Iterator[Observation]:
    """One observation per view or stuck plan. Lag is normal: a query lets the view catch up."""
    for view in report.views:
        rebuilding = "" if view.rebuilding is None else f", being rebuilt at {view.rebuilding:,}"
        fine = f"{view.name}: rows {view.rows:,}, positions behind {view.lag:,}{rebuilding}"
        if view.position > report.position:
            found = f"{view.name} is at {view.position:,}, beyond the end of the log"
            yield problem("views", found, view.name, "events were removed; take a backup")
            continue
        result = CheckResult("views", fine)
        for stuck in view.stuck:
            where = f"{stuck.plan_id}@{stuck.version}"
            result.add([warning("views", f"{view.name} is stuck: {stuck.why}", where, _REPAIR)])
        yield from result.observations()
    if report.failure:
        yield warning("views", f"the background follower stopped: {report.failure}", None, None)
