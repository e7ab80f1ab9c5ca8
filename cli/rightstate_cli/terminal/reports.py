"""A report that was written, or compared with its manifest, as people and scripts see it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rightstate_cli.report import manifest
from rightstate_cli.report.frameworks import Section
from rightstate_cli.report.writer import Written
from rightstate_cli.terminal.output import Format, print_json, print_table, say
from rightstate_cli.text import counted


def print_faults(faults: Sequence[Mapping[str, Any]], format: Format) -> None:
    """The files that differ from their manifest."""
    if format is Format.JSON:
        print_json({"unchanged": not faults, "faults": faults})
    elif faults:
        print_table("", ("File", "Since it was written"), [(each["name"], each["fault"]) for each in faults])
    else:
        say("Every file is as its manifest says.")


def print_written(written: Written, output: Path, format: Format) -> None:
    """What the report has, and where it is."""
    found = written.manifest
    hash_of_all = manifest.describe(output / manifest.NAME).sha256
    if format is Format.JSON:
        print_json(
            {
                "directory": str(output),
                "manifest": found.model_dump(mode="json"),
                "manifest_sha256": hash_of_all,
                "frameworks": {
                    each.framework.value: {
                        row.requirement.id: {
                            "state": row.standing.value,
                            "policies": row.requirement.policies,
                            "compliant": row.compliant,
                            "others": row.others,
                        }
                        for row in each.rows
                    }
                    for each in written.sections
                    if "framework" in found.filters
                },
                "figures": {
                    name: written.figures[name]
                    for name in ("records", "resources", "pairs", "changed", "failed", "waiting", "outcomes")
                },
            }
        )
        return
    figures = written.figures
    lines = [
        ("Entries", str(figures["records"])),
        ("Filters", _filters(found.filters)),
        ("Period", f"{found.first} to {found.last}" if found.first else "there are none"),
        ("Resources", str(figures["resources"])),
        ("Changed", f"{counted(figures['changed']['settings'], 'setting')}"),
        ("Failed", str(figures["failed"])),
        ("Waiting", str(figures["waiting"])),
        ("Halted", str(found.counts.get("halts", "not known"))),
        *(_framework(each) for each in written.sections if "framework" in found.filters),
        ("Page", str(output / "index.html")),
        ("Manifest", f"SHA-256 {hash_of_all}"),
    ]
    print_table(f"Report in {output}", ("", ""), lines)
    say("Open the page in a browser. Keep the manifest's SHA-256 elsewhere, if the report is evidence.")


def _framework(section: Section) -> tuple[str, str]:
    counts = ", ".join(f"{count} {standing}" for standing, count in section.counts.items())
    return section.framework.value, counts


def _filters(filters: Mapping[str, Sequence[str]]) -> str:
    found = [f"--{name} {each}" for name, given in filters.items() for each in given]
    return " ".join(found) or "none, all of the ledger"
