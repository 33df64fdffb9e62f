"""Models that are built when they are first used."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread, get_ident
from typing import Generic, TypeVar

import pytest
from pydantic import ValidationError

from plangate.application.models import Model
from plangate.application.results import PlanStatus

T = TypeVar("T")


class Late(BaseException):
    """What a time limit may raise."""


def test_models_are_built_at_their_first_use_and_once() -> None:
    class Point(Model):
        x: int

    before = getattr(Point, "__pydantic_validator__")  # noqa: B009  (its type is another one now)
    assert Point(x=1).model_dump() == {"x": 1}
    validator = Point.__pydantic_validator__
    assert before is not validator
    assert Point.model_rebuild() is None
    assert Point.__pydantic_validator__ is validator


def test_a_model_in_another_one_is_built_with_it() -> None:
    class Inner(Model):
        x: int

    class Outer(Model):
        inner: Inner

    with pytest.raises(ValidationError, match=r"inner\.x"):
        Outer.model_validate({"inner": {"x": "one"}})


class Box(Model, Generic[T]):
    inside: T


class Holder(Model):
    box: "Box[Part]"
    others: "tuple[Box[int], ...]" = ()


class Part(Model):
    x: int


def test_a_model_that_is_built_may_have_others_built() -> None:
    held = Holder.model_validate({"box": {"inside": {"x": 1}}, "others": [{"inside": 2}]})
    assert (held.box.inside.x, held.others[0].inside) == (1, 2)


@pytest.mark.parametrize("_turn", range(20))
def test_threads_that_use_a_new_model_at_once_all_get_it(_turn: int) -> None:
    class Point(Model):
        x: int

    together = Barrier(8)

    def use(number: int) -> int:
        together.wait()
        return Point(x=number).x

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(use, range(8))) == list(range(8))


def test_an_interruption_while_a_model_is_built_comes_out_and_the_model_can_be_used() -> None:
    begun, go_on = Event(), Event()
    main = get_ident()

    class Slow:
        @classmethod
        def __get_pydantic_core_schema__(cls, _source: object, handler: object) -> object:
            begun.set()
            go_on.wait(10)
            return handler.generate_schema(int)  # type: ignore[attr-defined]

    class Point(Model):
        x: Slow

    def interrupt() -> None:
        begun.wait(10)
        signal.pthread_kill(main, signal.SIGUSR1)

    def late(*_: object) -> None:
        raise Late

    before = signal.signal(signal.SIGUSR1, late)
    try:
        Thread(target=interrupt).start()
        with pytest.raises(Late):
            Point.model_validate({"x": 1})
    finally:
        signal.signal(signal.SIGUSR1, before)
        go_on.set()
    assert Point.model_validate({"x": 1}).model_dump() == {"x": 1}


def test_a_fork_waits_until_a_model_is_built_so_that_the_child_can_build_others() -> None:
    begun, forking = Event(), Event()

    class Slow:
        @classmethod
        def __get_pydantic_core_schema__(cls, _source: object, handler: object) -> object:
            begun.set()
            forking.wait(0.3)  # nothing can say that another thread waits in fork
            return handler.generate_schema(int)  # type: ignore[attr-defined]

    class Busy(Model):
        x: Slow

    class Point(Model):
        x: int

    thread = Thread(target=Busy.model_validate, args=({"x": 1},))
    thread.start()
    begun.wait(10)
    child = os.fork()
    if not child:  # pragma: no cover  (another process)
        os._exit(Point(x=3).x if Busy.__pydantic_complete__ else 1)
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def test_the_answers_of_a_registry_are_such_models() -> None:
    assert issubclass(PlanStatus, Model)
