"""`python -m benchmarks.report`: what a report of a large ledger takes, to write and to open.

Each size is written by a process of its own, so that its memory is its own, and opened in a headless
Chromium. Exit code 1 if a target is missed: 100,000 entries written in 60 s, a first view within 2 s.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from playwright.sync_api import Browser
from tests.support import browser, ledgers

from rightstate_cli.report import writer
from rightstate_cli.report.period import Chosen
from rightstate_cli.terminal.output import print_table

_WRITTEN_IN, _SEEN_IN = 60.0, 2.0
_TIMES = """() => ({
    mark: Object.fromEntries(performance.getEntriesByType("mark").map((each) => [each.name, each.startTime])),
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    heap: performance.memory.usedJSHeapSize,
})"""


def write(count: int, seed: int, directory: Path) -> dict[str, Any]:
    """Write a report of so many entries; seconds, those of the processor, MB resident at
    the most, and bytes by file.

    The entries are made beforehand and come from a file, as those of another report would.
    """
    lines = directory / "ledger.jsonl"
    with lines.open("w") as to:
        to.writelines(json.dumps(each) + "\n" for each in ledgers.entries(count, seed))
    accounts = directory / "accounts.json"
    accounts.write_text(json.dumps([each.model_dump(mode="json") for each in ledgers.accounts()]))
    before = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.report", "--write", str(directory)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    return {"seconds": time.monotonic() - before, **json.loads(ran.stdout)}


def _write(directory: Path) -> None:
    from rightstate_cli.report import source  # noqa: PLC0415 - in this process alone

    written = writer.write(
        source.exported(directory / "ledger.jsonl", Chosen()),
        writer.About(
            "benchmark",
            Chosen(),
            tuple(source.exported_settings(directory / "accounts.json")),
            ledgers.END,
        ),
        directory / "report",
    )
    used = resource.getrusage(resource.RUSAGE_SELF)
    sizes = {each.name: each.size for each in written.manifest.files}
    figures = {"megabytes": used.ru_maxrss / 1024, "processor": used.ru_utime + used.ru_stime, "sizes": sizes}
    print(json.dumps(figures))


def view(in_browser: Browser, page: Path) -> dict[str, float]:
    """Seconds from the start of loading to the first paint, the first view, the entries, and a filter; MB
    of the page's heap."""
    tab = in_browser.new_page(viewport={"width": 1440, "height": 900})
    tab.goto(page.as_uri(), wait_until="commit")
    tab.wait_for_selector("html[data-ready]", timeout=120_000)
    found = tab.evaluate(_TIMES)
    before = time.monotonic()
    tab.fill("input[name=text]", "orders-invoices")
    tab.locator("#status", has_text="are shown").wait_for()
    searched = time.monotonic() - before
    tab.close()
    return {
        "paint": found["paint"] / 1000,
        "first_view": found["mark"]["first-view"] / 1000,
        "entries": found["mark"]["entries"] / 1000,
        "search": searched,
        "heap": found["heap"] / 1e6,
    }


def main(
    counts: Annotated[list[int] | None, typer.Argument(help="Entries of each report.")] = None,
    seed: Annotated[int, typer.Option(help="Of the entries.")] = 7,
    write_into: Annotated[Path | None, typer.Option("--write", hidden=True)] = None,
) -> None:
    """Write reports of 1,000, 10,000 and 100,000 entries, and open each."""
    if write_into:
        _write(write_into)
        return
    rows, missed = [], []
    with browser.started() as in_browser:
        for count in counts or [1_000, 10_000, 100_000]:
            with tempfile.TemporaryDirectory() as directory:
                wrote = write(count, seed, Path(directory))
                seen = view(in_browser, Path(directory, "report", "index.html"))
            rows.append(
                (
                    f"{count:,}",
                    f"{wrote['seconds']:.1f} s",
                    f"{wrote['processor']:.1f} s",
                    f"{wrote['megabytes']:.0f} MB",
                    *(f"{wrote['sizes'][name] / 1e6:.1f} MB" for name in writer.FILES),
                    f"{max(seen['paint'], seen['first_view']):.2f} s",
                    f"{seen['entries']:.2f} s",
                    f"{seen['search']:.2f} s",
                    f"{seen['heap']:.0f} MB",
                )
            )
            if wrote["seconds"] > _WRITTEN_IN:
                missed.append(f"{count:,} entries were written in {wrote['seconds']:.0f} s.")
            if max(seen["paint"], seen["first_view"]) > _SEEN_IN:
                missed.append(f"The first view of {count:,} entries took {seen['first_view']:.1f} s.")
    columns = ("Entries", "Written in", "Processor", "Memory", *writer.FILES)
    print_table("", (*columns, "First view", "All entries", "Search", "Page's heap"), rows)
    for each in missed:
        print(f"Missed: {each}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    typer.run(main)
