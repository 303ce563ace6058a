"""How long a silent engine is believed in."""

from __future__ import annotations

from jupyterlab_saturn.agent.engine_lease import EngineLease


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def lease() -> tuple[EngineLease, Clock]:
    clock = Clock()
    return EngineLease(8.0, clock), clock


def test_before_the_first_answer_it_is_not_held() -> None:
    made, _ = lease()
    assert not made.is_held
    made.asked("hello")
    assert not made.is_held
    made.answered("hello")
    assert made.is_held


def test_it_lasts_from_when_was_asked() -> None:
    made, clock = lease()
    made.asked("1")
    clock.now += 5.0
    made.answered("1")
    clock.now += 2.9
    assert made.is_held
    clock.now += 0.2
    assert not made.is_held


def test_what_was_asked_before_a_sleep_is_no_sign_of_life_after_it() -> None:
    made, clock = lease()
    for number in range(4):
        made.asked(str(number))
        clock.now += 2.0
    clock.now += 60.0
    for number in range(4):
        made.answered(str(number))
    assert not made.is_held
    made.asked("now")
    made.answered("now")
    assert made.is_held


def test_answers_to_others_and_out_of_order_shorten_nothing() -> None:
    made, clock = lease()
    made.asked("1")
    clock.now += 2.0
    made.asked("2")
    made.answered("2")
    made.answered("1")
    made.answered("1")
    made.answered("nobody's")
    clock.now += 7.9
    assert made.is_held
