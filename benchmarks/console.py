"""`python -m benchmarks.console`: somebody clicks through the console for an hour.

The console is a process of its own, as `rightstate console` starts it, on a ledger that real runs on a
moto server have filled. One user visits every page, filters, downloads, changes modes, exempts, plans,
remediates and undoes, over and over. Exit code 1 if the console's memory grows by more than a fifth after the
warm-up, or if a request fails.
"""

import argparse
import http.client
import json
import logging
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import urlencode, urlsplit

from tests.support.server import OWN, REGION, Server, started

from benchmarks.markdown import Target, table, targets_table
from rightstate.catalogue import names
from rightstate_cli.simulation import examples

_SQS, _KMS = "sqs-server-side-encryption", "kms-key-rotation"
_KEY = f"{OWN}/{REGION}/sqs-queue/"
_PAGES = (
    "/", "/resources", "/resources?type=s3-bucket&severity=high", "/resources?text=queue", "/resources.csv",
    "/resources.ocsf.jsonl", f"/resources/{_KEY}standing", f"/explained/{_KEY}standing", "/halts",
    "/policies", "/policies?text=s3", "/policies/s3-versioning", "/approvals", "/executions",
    "/executions?outcome=remediated",
    "/batches", "/undelivered", "/exemptions", f"/exemptions/add?account={OWN}", "/accounts", "/accounts/add",
    f"/accounts/{OWN}", f"/accounts/{OWN}/steps", "/checks", "/work", "/assets/page.css",
    "/assets/console.js",
)  # fmt: skip
_QUEUES = 8
_ROWS = 12
_GROWTH = 1.2
_WARM_UP = 0.2
"""The part of the time after which the memory is compared. Pages compile, and moto's engine is imported."""
_PAUSE = 0.05
"""Seconds between two looks at work that runs. A browser takes longer."""
_PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "console.md"


@dataclass
class Sample:
    """What was measured within one part of the time: each request's seconds, and the memory at its end."""

    minute: float
    seconds: Sequence[float]
    memory: float
    threads: int
    files: int


class FailedError(Exception):
    """A request was not answered as it should be."""


class Clicking:
    """One user's browser. `seconds` has what each answer took."""

    def __init__(self, start: str) -> None:
        address = urlsplit(start)
        self._host = address.netloc
        self.seconds: list[float] = []
        self._cookie = ""
        status, headers, _ = self._ask("GET", f"{address.path}?{address.query}", {})
        if status != 200:
            raise FailedError(f"The start address was answered with {status}.")
        self._cookie = headers["set-cookie"].partition(";")[0]

    def get(self, path: str) -> str:
        """The page."""
        return self._page("GET", path, None)[1]

    def post(self, path: str, form: Mapping[str, str | Sequence[str]]) -> str:
        """The address of the page that follows."""
        return self._page("POST", path, urlencode(form, doseq=True))[0]

    def worked(self, path: str) -> str:
        """The page of the work, once it has ended."""
        while 'hx-trigger="load delay' in (page := self.get(path)):
            time.sleep(_PAUSE)
        return page

    def _page(self, method: str, path: str, body: str | None) -> tuple[str, str]:
        headers = {"Cookie": self._cookie}
        if body is not None:
            headers |= {
                "Origin": f"http://{self._host}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
        status, answered, text = self._ask(method, path, headers, body)
        if status == 303:
            there = answered["location"]
            return there, self.get(there)
        if status != 200:
            raise FailedError(f"{method} {path} was answered with {status}: {_said(text)}")
        return path, text

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        begun = time.perf_counter()
        connection = http.client.HTTPConnection(self._host, timeout=120)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        self.seconds.append(time.perf_counter() - begun)
        return answer.status, answer.headers, text


def measure(seconds: float) -> list[Sample]:
    """Click for that long."""
    with started() as server, tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.sqlite"
        environment = {
            **os.environ,
            **server.environment,
            "HOME": folder,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        _fill(server, ledger, environment)
        with _served(ledger, environment) as (process, start):
            return _clicked(Clicking(start), server, process.pid, seconds)


def _clicked(browser: Clicking, server: Server, process: int, seconds: float) -> list[Sample]:
    begun = time.monotonic()
    samples: list[Sample] = []
    round_ = 0
    _show(_COLUMNS)
    while (spent := time.monotonic() - begun) < seconds:
        _act(browser, server, round_)
        round_ += 1
        if spent >= seconds * len(samples) / _ROWS:
            samples.append(_sample(browser, process, time.monotonic() - begun))
            _show(_cells(samples[-1]))
    if browser.seconds:
        samples.append(_sample(browser, process, time.monotonic() - begun))
        _show(_cells(samples[-1]))
    return samples


def _act(browser: Clicking, server: Server, round_: int) -> None:
    """One round: every page, and each kind of change."""
    for path in _PAGES:
        browser.get(path)
    _remediate_and_undo(browser, server, f"queue-{round_ % _QUEUES}")
    mode = ("report", "auto", "off")[round_ % 3]
    form = {"policy": [_SQS, _KMS], "account": OWN, "mode": mode}
    hidden = browser._page("POST", "/policies/consequences", urlencode(form, doseq=True))[1]
    if fields := re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', hidden):
        browser.post("/policies/change", _form(fields, agreed="yes"))
    _exempt(browser)


def _remediate_and_undo(browser: Clicking, server: Server, queue: str) -> None:
    sqs = server.session().client("sqs")
    sqs.set_queue_attributes(
        QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"], Attributes={"SqsManagedSseEnabled": "false"}
    )
    planned = browser.post("/plans", {"resource": f"{_KEY}{queue}"})
    if "/remediate" not in browser.worked(planned):
        # The mode is report, or an exemption holds.
        return
    done = browser.worked(browser.post(f"{planned}/remediate", {"reason": "CHG-5521"}))
    if not (found := re.search(r'href="(/executions/[^"]*)"', done)):
        return
    shown = browser.get(unescape(found[1]))
    if undo := re.search(r'href="(/undo/[^"]*)"', shown):
        address = unescape(undo[1])
        browser.get(address)
        browser.worked(browser.post(address, {"reason": "CHG-5522", "exempt_for": "2h"}))
        for each in re.findall(r'href="(/exemptions/[^"]*/remove)"', browser.get("/exemptions")):
            browser.post(each, {})


def _exempt(browser: Clicking) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    form = {
        "account": OWN, "resource": f"{REGION}/sqs-queue/standing", "until": str(until), "reason": "CHG-5523",
        "approver": "ana@example.com", "policies": _SQS,
    }  # fmt: skip
    browser.post("/exemptions/add", form)
    for each in re.findall(r'href="(/exemptions/[^"]*/remove)"', browser.get("/exemptions")):
        browser.get(each)
        browser.post(each, {})


def _form(fields: Sequence[tuple[str, str]], **more: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in (*fields, *more.items()):
        found.setdefault(name, []).append(unescape(value))
    return found


def _fill(server: Server, ledger: Path, environment: Mapping[str, str]) -> None:
    """A resource of every type, and queues, all seen by a plan."""
    for name in names():
        example = examples.load(name)
        for resource, policy in {example.name: example.policy, **example.others}.items():
            example.create(server.session(), resource, policy)
    for queue in ("standing", *(f"queue-{number}" for number in range(_QUEUES))):
        server.make("sqs-queue", queue)
    command = [_rightstate(), "plan", "--ledger", str(ledger)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode != 1:
        raise FailedError(f"`rightstate plan` ended with {ran.returncode}: {ran.stderr[-400:]}")


@contextmanager
def _served(ledger: Path, environment: Mapping[str, str]) -> Iterator[tuple["subprocess.Popen[bytes]", str]]:
    """The process, and its start address."""
    said = ledger.with_name("start.json")
    command = [_rightstate(), "console", "--ledger", str(ledger), "--port", "0", "--no-browser"]
    with said.open("w") as to:
        process = subprocess.Popen([*command, "--format", "json"], env=environment, stdout=to)  # noqa: S603
    try:
        while not (text := said.read_text()).rstrip().endswith("}"):
            if process.poll() is not None:
                raise FailedError("The console ended at its start.")
            time.sleep(_PAUSE)
        yield process, json.loads(text)["address"]
    finally:
        process.terminate()
        process.wait(30)


def _rightstate() -> str:
    return str(Path(sys.executable).with_name("rightstate"))


def _sample(browser: Clicking, process: int, spent: float) -> Sample:
    taken, browser.seconds = browser.seconds, []
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    memory = int(status["VmRSS"].split()[0]) / 1024
    files = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return Sample(spent / 60, taken, memory, int(status["Threads"]), files)


_COLUMNS = ("minute", "requests", "median", "95 of 100 within", "longest", "memory", "threads", "open files")


def _cells(each: Sample) -> Sequence[str]:
    within = quantiles(each.seconds, n=20)[-1] if len(each.seconds) > 1 else each.seconds[0]
    return (
        f"{each.minute:.1f}",
        f"{len(each.seconds):,}",
        *(f"{1000 * value:.0f} ms" for value in (median(each.seconds), within, max(each.seconds))),
        f"{each.memory:.0f} MB",
        str(each.threads),
        str(each.files),
    )


def _show(cells: Sequence[str]) -> None:
    print("  ".join(f"{cell:>{len(name)}}" for name, cell in zip(_COLUMNS, cells, strict=True)), flush=True)


def _targets(samples: Sequence[Sample]) -> list[Target]:
    whole = samples[-1].minute
    warm = next(each for each in samples if each.minute >= _WARM_UP * whole)
    return [
        Target(
            what=f"the memory at the end, times that after {warm.minute:.1f} minutes",
            limit=_GROWTH,
            measured=samples[-1].memory / warm.memory,
        )
    ]


def _said(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<main")[2]).split())[:400]


def _page_of(samples: Sequence[Sample], targets: Sequence[Target]) -> str:
    minutes = samples[-1].minute
    lines = [
        "# The console over time",
        "",
        "One user clicks without a pause: every page, filters, files, modes, exemptions, plans, "
        "remediations and undos, of a ledger on this machine, with a moto server beside it. An action takes "
        "the time of its calls to that server. Written by `make bench-console`.",
        "",
        f"{minutes:.0f} minutes on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, "
        f"{platform.system()}, Python {platform.python_version()}.",
        "",
        *targets_table(targets),
        "",
        *table(_COLUMNS, [_cells(each) for each in samples]),
        "",
    ]
    return "\n".join(lines)


def main(given: Sequence[str] | None = None) -> int:
    """Click, and say whether the memory stays."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--write", action="store_true", help="Also write docs/benchmarks/console.md.")
    asked = parser.parse_args(given)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    samples = measure(asked.minutes * 60)
    targets = _targets(samples)
    if asked.write:
        _PAGE.write_text(_page_of(samples, targets))
    for each in targets:
        print(f"{each.what}: {each.measured:.2f}, at most {each.limit}")
    return 0 if all(each.met for each in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
