"""Work that no signal handler can cut short."""

import signal
from threading import Event, Thread, current_thread, get_ident, main_thread

import pytest

from plangate.application.uninterrupted import uninterrupted


class _Late(BaseException):
    """What a time limit may raise."""


def test_it_returns_what_is_made_outside_of_the_main_thread() -> None:
    assert uninterrupted(current_thread) is not main_thread()


def test_an_interruption_ends_the_waiting_and_comes_out_as_itself() -> None:
    begun, go_on, ended = Event(), Event(), Event()
    main = get_ident()

    def make() -> None:
        begun.set()
        go_on.wait()
        ended.set()

    def interrupt() -> None:
        begun.wait()
        signal.pthread_kill(main, signal.SIGUSR1)

    def late(*_: object) -> None:
        raise _Late

    before = signal.signal(signal.SIGUSR1, late)
    try:
        Thread(target=interrupt).start()
        with pytest.raises(_Late):
            uninterrupted(make)
    finally:
        signal.signal(signal.SIGUSR1, before)
        go_on.set()
    assert ended.wait(10)


def test_what_it_raises_comes_out() -> None:
    def make() -> None:
        raise KeyError("missing")

    with pytest.raises(KeyError, match="missing"):
        uninterrupted(make)


def test_it_is_made_at_once_where_the_system_has_no_more_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("plangate.application.uninterrupted.start_new_thread", start)
    assert uninterrupted(current_thread) is current_thread()
    assert uninterrupted(lambda: uninterrupted(current_thread)) is current_thread()


def test_what_is_built_may_have_something_else_built() -> None:
    one, other = uninterrupted(lambda: (current_thread(), uninterrupted(current_thread)))
    assert one is other


def test_types_are_built_one_at_a_time() -> None:
    begun, order = Event(), list[str]()

    def first() -> None:
        begun.set()
        Event().wait(0.2)  # nothing can say that another thread waits
        order.append("first")

    thread = Thread(target=uninterrupted, args=(first,))
    thread.start()
    begun.wait(10)
    uninterrupted(lambda: order.append("second"))
    thread.join()
    assert order == ["first", "second"]
