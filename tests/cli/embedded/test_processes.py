"""Engines in several processes: each execution is run once and given back, whatever dies."""

import os
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from threading import Event
from typing import Any

import pytest

from rightstate_cli.embedded.processes import Engines
from rightstate_cli.executions.executions import Execution, Start
from tests.support.engines import TESTS_PROCESS, recording

AT_ONCE = 8
MANY = 300


@pytest.fixture(autouse=True)
def _this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TESTS_PROCESS, str(os.getpid()))


def starts(count: int, asked: Mapping[int, str] = {}) -> Generator[Start, None, None]:
    for number in range(count):
        about = {"account": "123456789012", "region": "us-east-1", "resource": f"queue-{number}"}
        yield Start(resource_type="sqs-queue", input={**about, "reason": asked.get(number, "")})


def engines(make: Any = recording, stop: Event | None = None, cores: int = 2) -> Engines:
    return Engines(make, AT_ONCE, stop or Event(), cores)


def names(found: list[Execution]) -> list[str]:
    return sorted(each.resource for each in found)


def named(count: int) -> list[str]:
    return sorted(f"queue-{number}" for number in range(count))


def in_processes(found: list[Execution]) -> dict[int, list[Execution]]:
    by: dict[int, list[Execution]] = {}
    for each in found:
        by.setdefault(int(each.reason.split()[0]), []).append(each)
    return by


def test_many_executions_are_run_once_each_in_as_many_processes_as_there_are_cores() -> None:
    running = engines()
    found = list(running.run(starts(MANY)))
    assert names(found) == named(MANY)
    assert len(in_processes(found)) == 2
    assert running.in_work == set()


def test_no_more_run_at_a_time_than_allowed_over_all_processes() -> None:
    found = in_processes(list(engines().run(starts(MANY))))
    ours, others = found.pop(os.getpid()), next(iter(found.values()))
    share = max(int(each.reason.split()[1]) for each in others)
    assert share == AT_ONCE // 2
    # At the end there are fewer, so the last whole round counts.
    assert min(int(each.reason.split()[2]) for each in ours) == AT_ONCE - share
    assert max(int(each.reason.split()[1]) for each in ours) == AT_ONCE


@pytest.mark.parametrize(("count", "cores"), [(AT_ONCE, 2), (MANY, 1)], ids=["few", "one core"])
def test_this_process_alone_runs_few_executions_and_all_where_there_is_one_core(
    count: int, cores: int
) -> None:
    found = list(engines(cores=cores).run(starts(count)))
    assert names(found) == named(count)
    assert set(in_processes(found)) == {os.getpid()}


def test_for_nothing_no_engine_is_made() -> None:
    def made(left: Any) -> Any:
        raise AssertionError("an engine was made")

    assert list(engines(made).run(starts(0))) == []


def test_what_ran_in_a_process_that_dies_is_told_as_failed_and_all_others_are_run() -> None:
    found = list(engines().run(starts(MANY, dict.fromkeys(range(100, 200), "kill"))))
    assert names(found) == named(MANY)
    failed = [each for each in found if each.outcome == "failed"]
    assert 1 <= len(failed) <= AT_ONCE // 2
    assert all(
        "died (exit code -9). Whether the resource was changed is not known" in each.reason for each in failed
    )
    assert Counter(each.outcome for each in found) == {
        "failed": len(failed),
        "remediated": MANY - len(failed),
    }


def test_what_waits_in_another_process_is_left_once_the_user_stops() -> None:
    stop = Event()
    # This process has taken eight by then; what follows is shared.
    waiting = dict.fromkeys(range(200, MANY), "wait")
    found = []
    for each in engines(stop=stop).run(starts(MANY, waiting)):
        found.append(each)
        if len(found) == 150:
            stop.set()
    assert names(found) == named(MANY)


def test_what_is_not_started_when_it_is_left_is_never_started() -> None:
    closed = []

    def endless() -> Generator[Start, None, None]:
        try:
            while True:
                yield from starts(1)
        finally:
            closed.append(True)

    run: Iterator[Execution] = engines(cores=1).run(endless())
    next(run)
    run.close()  # type: ignore[attr-defined]
    for _ in range(100):
        if closed:
            break
        Event().wait(0.1)
    assert closed


def test_an_engine_that_fails_fails_the_run() -> None:
    class Failing:
        def run(self, starts: Iterator[Start], at_once: Any, keep: bool) -> Iterator[Execution]:
            raise ZeroDivisionError
            yield

    class Made:
        def __enter__(self) -> Failing:
            return Failing()

        def __exit__(self, *given: Any) -> None: ...

    with pytest.raises(ZeroDivisionError):
        list(engines(lambda left: Made()).run(starts(3)))


@pytest.mark.parametrize("error", [ZeroDivisionError, ConnectionResetError])
def test_an_error_of_what_is_to_be_started_fails_the_run_whichever_process_asks(
    error: type[Exception],
) -> None:
    def failing() -> Generator[Start, None, None]:
        yield from starts(MANY)
        raise error

    with pytest.raises(error):
        list(engines().run(failing()))
