"""What is called before and after a fork, and for how long."""

import gc

import pytest

from plangate.application import forks


class Settled:
    """Notes what it was asked to do."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.deadline = 0.0

    def settle(self, deadline: float, /) -> None:
        self.calls.append("settle")
        self.deadline = deadline

    def resume(self) -> None:
        self.calls.append("resume")

    def renew(self) -> None:
        self.calls.append("renew")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave alone what other tests have open."""
    monkeypatch.setattr(forks, "_renewals", [])
    monkeypatch.setattr(forks, "_settling", set())


def test_the_parent_settles_and_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "monotonic", lambda: 100.0)
    one, other = Settled(), Settled()
    forks.settle_for_forks(one)
    forks.settle_for_forks(other)
    forks._settle()
    forks._resume()
    assert one.calls == other.calls == ["settle", "resume"]
    assert one.deadline == other.deadline == 100 + forks.FORK_PATIENCE


def test_the_child_renews() -> None:
    settled, locks = Settled(), Settled()
    forks.settle_for_forks(settled)
    forks.renew_in_child(locks.renew)
    forks._renew()
    assert settled.calls == locks.calls == ["renew"]


def test_what_is_gone_is_not_called() -> None:
    forks.settle_for_forks(Settled())
    forks.renew_in_child(Settled().renew)
    gc.collect()
    assert not forks._settling
    forks._renew()
    kept = Settled()
    forks.renew_in_child(kept.renew)
    assert [reference() for reference, _ in forks._renewals] == [kept]
    forks._settle()
    forks._renew()
