"""`rightstate report`: of a deployed hub's ledger, and of a file."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rightstate.executions import canary
from rightstate.models.approval import Choice
from rightstate.models.settings import Account, Enabled, Exemption
from rightstate.policy import Mode
from rightstate_cli.executions.executions import Start
from rightstate_cli.standards.frameworks import Framework, requirements
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Hub, Server
from tests.support import endings
from tests.support.moto_engine import Engine
from tests.support.waiting import ended, guarding_as, request_of, started

FILES = {"index.html", "frameworks.html", "changes.csv", "records.jsonl", "ocsf.jsonl", "manifest.json"}
ENTRY = endings.ended()


@pytest.fixture(scope="module")
def ran(engine: Engine, enabled: None, _server: Server) -> None:
    """A queue that was remediated and then complied, one of another account, one that is not there, and a
    canary."""
    _server.make("sqs-queue", "kept")
    _server.make("sqs-queue", "theirs", OTHER)
    for name, account, resource, mode in [
        ("first", OWN, "kept", "auto"),
        ("second", OWN, "kept", "auto"),
        ("third", OTHER, f"arn:aws:sqs:{REGION}:{OTHER}:theirs", "report"),
        ("fourth", OWN, "nowhere", "auto"),
        ("canary", OWN, canary.name("report"), "auto"),
    ]:
        given = {"account": account, "region": REGION, "resource": resource, "mode": mode}
        list(engine.run([Start(resource_type="sqs-queue", input=given, name=name)]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A ledger of three entries in two accounts."""
    path = tmp_path / "ledger.jsonl"
    entries = [
        endings.ended(name="one", started="2026-11-01T10:00:00.000Z"),
        endings.ended(name="two", started="2026-11-02T10:00:00.000Z", failed=endings.Failed("Describe")),
        endings.ended(name="three", started="2026-11-03T00:00:00.000Z", account=OTHER),
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in entries))
    return path


def names(directory: Path) -> list[str]:
    lines = (directory / "records.jsonl").read_text().splitlines()
    return [json.loads(line)["execution"].rpartition(":")[2] for line in lines]


@pytest.mark.usefixtures("ran")
def test_a_hubs_ledger_becomes_a_page_and_files(cli: Cli, tmp_path: Path) -> None:
    found = cli("report", "-o", str(tmp_path / "out"))
    assert (found.code, "Open the page in a browser" in found.err) == (0, True)
    assert {each.name for each in (tmp_path / "out").iterdir()} == FILES
    assert names(tmp_path / "out") == ["first", "second", "third", "fourth"]
    assert [line.split()[-1] for line in found.out.splitlines() if "Resources" in line] == ["3"]
    first = json.loads((tmp_path / "out" / "records.jsonl").read_text().splitlines()[0])
    assert (first["outcome"], type(first["expires"])) == ("remediated", int)
    assert all(isinstance(change["policies"], list) for change in first["changes"])
    # What the drawing of an execution is made from.
    states = [each["state"] for each in first["path"]]
    assert (states[0], states[-1]) == ("Resolve", "Notify and record")
    assert {"Describe", "Decide", "Apply", "Verify"} <= set(states)


@pytest.mark.usefixtures("ran")
def test_a_hubs_ledger_can_be_narrowed_and_reported_again_from_the_file(cli: Cli, tmp_path: Path) -> None:
    hub, again = tmp_path / "hub", tmp_path / "again"
    ran = cli("report", "-o", str(hub), "--account", OWN, "--since", "1h", "--format", "json")
    assert names(hub) == ["first", "second", "fourth"]
    found = ran.json
    assert found["manifest"]["accounts"] == [OWN]
    assert found["figures"]["records"] == 3
    assert found["figures"]["changed"]["records"] == 1
    cli("report", "-o", str(again), "--from", str(hub / "records.jsonl"))
    for name in ("records.jsonl", "changes.csv", "ocsf.jsonl"):
        assert (again / name).read_bytes() == (hub / name).read_bytes()


def test_what_waits_for_an_approval_is_counted_and_listed_though_the_ledger_lacks_it(
    engine: Engine, ran: None, server: Server, cli: Cli, tmp_path: Path
) -> None:
    queue = server.make("sqs-queue", "asked-about", OTHER)
    policy = {"sqs-server-side-encryption": Enabled(mode=Mode.APPROVE)}
    role = f"arn:aws:iam::{OTHER}:role/rightstate-remediation"
    engine.configure(Account(account=OTHER, role_arn=role, policies=policy))
    execution = started(engine, "sqs-queue", {"account": OTHER, "region": REGION, "resource": queue})
    request = request_of(engine, execution)
    ran_now = cli("report", "-o", str(tmp_path / "out"), "--format", "json")
    assert ran_now.json["figures"]["waiting"] == ran_now.json["manifest"]["counts"]["requests"] == 1
    assert execution.rpartition(":")[2] not in names(tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    for fact in (request.id, request.plan, request.until):
        assert fact in page
    assert request.token not in page
    mine = cli("report", "-o", str(tmp_path / "mine"), "--account", OWN, "--format", "json")
    assert mine.json["figures"]["waiting"] == 0
    again = cli("report", "-o", str(tmp_path / "again"), "--from", str(tmp_path / "out" / "records.jsonl"))
    assert "has neither what waits for an approval nor what surveys saw" in " ".join(again.err.split())
    guarding_as(engine, "AROAB:bo", "arn:aws:sts::1:assumed-role/B/bo").decide(request, Choice.DENY, "no")
    ended(engine, execution)
    over = cli("report", "-o", str(tmp_path / "over"), "--format", "json")
    assert over.json["figures"]["waiting"] == over.json["manifest"]["counts"]["requests"] == 0


def test_settings_that_are_not_understood_are_said_and_end_it_with_1(
    cli: Cli, hub: Hub, tmp_path: Path
) -> None:
    hub.register(account=OWN, policies={})
    hub.write_by_hand(account=OTHER, policies="all")
    ran = cli("report", "-o", str(tmp_path / "out"))
    assert (ran.code, f"lacks the exemptions of account {OTHER}" in " ".join(ran.err.split())) == (1, True)
    assert f'"missing":["{OTHER}"]' in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.usefixtures("ran")
def test_reading_needs_no_more_than_to_read(cli: Cli, server: Server, tmp_path: Path) -> None:
    cli("report", "-o", str(tmp_path / "out"))
    assert {call.partition(" ")[0] for call in map(str, server.calls)} <= {
        "sts:GetCallerIdentity",
        "cloudformation:DescribeStacks",
        "dynamodb:Scan",
        "dynamodb:Query",
        "s3:ListObjectsV2",
        "s3:GetObject",
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["one", "two", "three"]),
        (["--since", "2026-11-02"], ["two", "three"]),
        (["--until", "2026-11-02"], ["one", "two"]),
        (["--since", "2026-11-02T10:00:00+00:00", "--until", "2026-11-03T00:00:00Z"], ["two"]),
        (["--account", OTHER], ["three"]),
        (["--account", OTHER, "--account", "111122223333"], ["one", "two", "three"]),
        (["--since", "2026-11-04"], []),
    ],
)
def test_a_file_is_reported_without_aws(
    cli: Cli, file: Path, tmp_path: Path, options: list[str], expected: list[str]
) -> None:
    found = cli(
        "report",
        "-o",
        str(tmp_path / "out"),
        "--from",
        str(file),
        *options,
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
    )
    assert (found.code, names(tmp_path / "out")) == (0, expected)


@pytest.mark.parametrize(
    ("options", "filters", "said"),
    [
        ([], {}, "none, all of the ledger"),
        (["--account", OTHER], {"account": [OTHER]}, f"--account {OTHER}"),
        (
            ["--since", "2026-11-02", "--until", "2026-11-02"],
            {"since": ["2026-11-02T00:00:00.000Z"], "until": ["2026-11-03T00:00:00.000Z"]},
            "--since 2026-11-02T00:00:00.000Z --until 2026-11-03T00:00:00.000Z",
        ),
    ],
)
def test_a_report_of_a_part_says_of_which(
    cli: Cli, file: Path, tmp_path: Path, options: list[str], filters: dict[str, list[str]], said: str
) -> None:
    """In the manifest as in the talk; the page is looked at in a browser."""
    ran = cli("report", "-o", str(tmp_path / "out"), "--from", str(file), *options)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["filters"] == filters
    assert said in " ".join(ran.out.split())


def test_the_settings_beside_a_file_give_the_exemptions(cli: Cli, file: Path, tmp_path: Path) -> None:
    exemption = Exemption(
        id="ex-00000001",
        reason="why",
        approver="li",
        created="2026-11-01T00:00:00Z",
        until="2030-01-01T00:00:00Z",
    )
    accounts = [Account(account="111122223333", name="shop", exemptions=(exemption,))]
    settings = tmp_path / "accounts.json"
    settings.write_text(json.dumps([each.model_dump(mode="json") for each in accounts]))
    cli("report", "-o", str(tmp_path / "out"), "--from", str(file), "--settings", str(settings))
    page = (tmp_path / "out" / "index.html").read_text()
    assert '"ex-00000001"' in page
    assert '"111122223333":"shop"' in page


def test_check_says_which_file_was_changed(cli: Cli, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cli("report", "-o", str(out), "--from", str(file))
    unchanged = cli("report", "--check", str(out))
    assert (unchanged.code, unchanged.out) == (0, "")
    (out / "changes.csv").write_text("nothing\n")
    (out / "ocsf.jsonl").unlink()
    changed = cli("report", "--check", str(out))
    assert (changed.code, [line.split() for line in changed.out.splitlines() if "." in line]) == (
        1,
        [["changes.csv", "changed"], ["ocsf.jsonl", "missing"]],
    )
    as_json = cli("report", "--check", str(out), "--format", "json")
    assert (as_json.code, as_json.json["unchanged"]) == (1, False)


def test_a_report_is_replaced_by_force_alone(cli: Cli, file: Path, tmp_path: Path) -> None:
    write = ("report", "-o", str(tmp_path / "out"), "--from", str(file))
    assert cli(*write).code == 0
    again = cli(*write, "--account", OTHER)
    assert (again.code, "--force" in again.err) == (2, True)
    assert names(tmp_path / "out") == ["one", "two", "three"]
    assert cli(*write, "--account", OTHER, "--force").code == 0
    assert names(tmp_path / "out") == ["three"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("nothing\n", "Line 1 of 'broken.jsonl' is cut off, or is not JSON"),
        (json.dumps(ENTRY) + "\n\n[]\n", "Line 3 of"),
        (json.dumps({**ENTRY, "seconds": float("nan")}), "Line 1 of"),
        (json.dumps({**ENTRY, "at": "2026-99-99T00:00:00Z#x"}), "is not understood, at: at"),
        (json.dumps({**ENTRY, "resource": "\ud800/a/b/c"}), "Line 1 of"),
        (json.dumps({**ENTRY, "verdicts": "many"}), "is not understood, at: verdicts"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_ledger_is_refused_and_nothing_written(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.jsonl").write_text(content)
    told = " ".join(refused("report", "-o", "out", "--from", "broken.jsonl").split())
    assert said in told
    assert "Nothing was written" in told
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "Give one of -o"),
        (("-o", "out", "--check", "out"), "Give one of -o"),
        (("--check", "out", "--force"), "--check takes no option about writing"),
        (("--check", "nowhere"), "holds no report of Rightstate"),
        (("-o", "out", "--settings", "a.json"), "--settings belongs to --from"),
        (("-o", "out", "--since", "yesterday"), "is no time"),
        (("-o", "out", "--since", "2026-11-02", "--until", "2026-11-01"), "ends before it begins"),
        (("-o", "out", "--account", "12"), "12 digits"),
        (("-o", "out", "--severity", "hgh"), "Did you mean 'high'?"),
        (("-o", "out", "--framework", "cis-7"), "'cis-7.0'?"),
        (("--check", "out", "--severity", "high"), "--check takes no option about writing"),
        (("-o", "out", "--from", "nowhere.jsonl"), "cannot be read"),
        (("-o", "out", "--from", "ledger.jsonl", "--settings", "ledger.jsonl"), "does not hold accounts"),
        (("-o", "ledger.jsonl", "--from", "ledger.jsonl"), "is no directory"),
    ],
)
def test_wrong_usage_is_said(
    refused: Callable[..., str],
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: Any,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in " ".join(refused("report", *options).split())
    assert not Path("out").exists()


@pytest.fixture
def two_policies(tmp_path: Path) -> Path:
    """A bucket that two policies of different severity look at, and a queue."""
    path = tmp_path / "ledger.jsonl"
    both = {"s3-versioning": Mode.REPORT, "s3-block-public-access": Mode.REPORT}
    entries = [
        endings.ended(name="bucket", policies=both, observed=endings.BUCKET),
        endings.ended(name="instance", resource_type="rds-instance", observed=endings.INSTANCE,
                      policies={"rds-mysql-automated-backups": Mode.AUTO}),
        endings.ended(name="gone", failed=endings.Failed("Describe")),
    ]  # fmt: skip
    path.write_text("".join(json.dumps(each) + "\n" for each in entries))
    return path


@pytest.mark.parametrize("options", [["--severity", "high"], ["--framework", "cis-7.0"]])
def test_a_report_of_some_policies_has_nothing_of_others_in_any_file(
    cli: Cli, two_policies: Path, tmp_path: Path, options: list[str]
) -> None:
    """An entry that names no policy counts if one could apply to its resource."""
    out = tmp_path / "out"
    ran = cli("report", "-o", str(out), "--from", str(two_policies), "--format", "json", *options)
    entries = [json.loads(line) for line in (out / "records.jsonl").read_text().splitlines()]
    assert [[each["policy"] for each in entry["verdicts"]] for entry in entries] == [
        ["s3-block-public-access"],
        [],
    ]
    assert ran.json["figures"]["pairs"] == [0, 1, 0, 0, 0]
    assert ran.json["manifest"]["filters"] == {options[0].removeprefix("--"): [options[1]]}
    findings = [json.loads(line) for line in (out / "ocsf.jsonl").read_text().splitlines()]
    assert [each["compliance"]["control"] for each in findings] == ["s3-block-public-access"]
    assert len((out / "changes.csv").read_text().splitlines()) == 1


def test_a_report_by_framework_says_how_each_of_its_requirements_stands(
    cli: Cli, two_policies: Path, tmp_path: Path
) -> None:
    given = ("--from", str(two_policies), "--framework", "cis-7.0")
    found = cli("report", "-o", str(tmp_path / "json"), "--format", "json", *given).json["frameworks"]
    assert list(found) == ["cis-7.0"]
    states = {name: each["state"] for name, each in found["cis-7.0"].items()}
    assert list(states) == [each.id for each in requirements(Framework.CIS_7)]
    broken = [name for name, state in states.items() if state == "broken"]
    assert [found["cis-7.0"][name]["others"] for name in broken] == [1]
    page = (tmp_path / "json" / "frameworks.html").read_text()
    assert page.count("<h2") == 1
    said = " ".join(cli("report", "-o", str(tmp_path / "table"), *given).out.split())
    assert "1 broken" in said
    assert all(f"{count} {state}" in said for state, count in Counter(states.values()).items())


def test_requirements_that_only_lower_severities_cover_are_left_out_and_counted(
    cli: Cli, two_policies: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    cli("report", "-o", str(out), "--from", str(two_policies), "--severity", "critical")
    page = (out / "frameworks.html").read_text()
    every = len(requirements(Framework.CIS_7))
    section = page.partition('<h2 id="cis-7.0">')[2].partition("</table>")[0]
    [left_out] = re.findall(r"Left out: (\d+)", section)
    assert 0 < int(left_out) == every - section.count('<th scope="row">')
