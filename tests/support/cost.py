"""Says what tests cost in processor time: `.venv/bin/pytest -n0 -p tests.support.cost tests/workflow`.

Wall time says little where other work runs. Time of subprocesses counts once they have ended.
"""

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest

from rightstate.catalogue import load_all

_files: defaultdict[str, float] = defaultdict(float)
_policies: defaultdict[str, float] = defaultdict(float)


def _now() -> float:
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[object]:
    """Count what the test and its fixtures take."""
    before = _now()
    answer = yield
    took = _now() - before
    _files[item.nodeid.partition("::")[0]] += took
    _policies[item.nodeid.partition("[")[2].removesuffix("]")] += took
    return answer


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[object]:
    """Count what it takes to import the file and to make its cases."""
    before = _now()
    answer = yield
    if isinstance(collector, pytest.Module):
        _files[collector.nodeid] += _now() - before
    return answer


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the slowest twenty files, and what one policy costs on average."""
    terminalreporter.section("processor seconds")
    for file, seconds in sorted(_files.items(), key=lambda each: -each[1])[:20]:
        terminalreporter.line(f"{seconds:8.1f}  {file}")
    each = [_policies[policy.id] for of in load_all() for policy in of.policies]
    terminalreporter.line(f"{sum(each) / len(each):8.2f}  for each policy")
