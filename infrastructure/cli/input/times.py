"""Times and durations as people type them: `1h ago`, `yesterday`, `20:13`, `30m`."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_UNITS: Final = {
    **{unit: unit for unit in _SECONDS},
    "sec": "s",
    "second": "s",
    "min": "m",
    "minute": "m",
    "hr": "h",
    "hour": "h",
    "day": "d",
    "week": "w",
}
_PART: Final = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_DAYS: Final = {"today": 0, "yesterday": -1, "tomorrow": 1}
_LONGEST: Final = 100 * 365 * _SECONDS["d"]


def parse_duration(name: str, text: str) -> float:
    """A number of seconds, or parts such as `1h30m` and `2 days`, in seconds."""
    if _NUMBER.fullmatch(text.strip()):
        return float(text)
    seconds = _seconds(text)
    if seconds is None:
        raise typer.BadParameter(f"{name}: write a duration as in 90, 30m, 2h or 1h30m")
    return seconds


def parse_time(name: str, text: str, *, ahead: bool = False) -> datetime:
    """A time in ISO 8601, by the local clock, or relative to now; with its time zone.

    A duration alone is that long ago, or from now on where the time lies `ahead`.
    """
    try:
        found = _relative(text.strip().lower(), ahead=ahead) or datetime.fromisoformat(text.strip())
        return found if found.tzinfo else found.astimezone()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{name}: write a time as in 2026-01-31T12:00:00Z, 20:13, yesterday, "
            f"{'in 30m' if ahead else '1h ago'}"
        ) from None


def _relative(text: str, *, ahead: bool) -> datetime | None:
    now = datetime.now(UTC).astimezone()
    if text == "now":
        return now
    day, _, clock = text.rpartition(" ")
    if text in _DAYS:
        day, clock = text, "00:00"
    if (day or "today") in _DAYS and (found := _CLOCK.fullmatch(clock)):
        then = now.replace(tzinfo=None) + timedelta(days=_DAYS[day or "today"])
        hour, minute, second = (int(part or 0) for part in found.groups())
        return then.replace(hour=hour, minute=minute, second=second, microsecond=0).astimezone()
    if text.endswith(" ago"):
        text, ahead = text.removesuffix(" ago"), False
    elif text.startswith("in "):
        text, ahead = text.removeprefix("in "), True
    seconds = _seconds(text)
    if seconds is None:
        return None
    return now + timedelta(seconds=seconds if ahead else -seconds)


def _seconds(text: str) -> float | None:
    """The seconds that parts such as `1h30m` add up to; None for another text."""
    total, at, text = 0.0, 0, text.strip().lower()
    while at < len(text):
        part = _PART.match(text, at)
        unit = part and (_UNITS.get(part[2]) or _UNITS.get(part[2].removesuffix("s")))
        if part is None or unit is None:
            return None
        total, at = total + float(part[1]) * _SECONDS[unit], part.end()
    return total if text and total <= _LONGEST else None
