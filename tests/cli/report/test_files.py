"""The files beside the page, and the manifest that vouches for them."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.in_code import MANAGED
from rightstate.models.approval import Requested
from rightstate.models.decision import Excuse
from rightstate.policy import Mode
from rightstate_cli.report import manifest, page
from rightstate_cli.report.directory import replaced
from rightstate_cli.report.posture import effect
from rightstate_cli.report.record import as_record
from tests.cli.report.conftest import altered, written
from tests.support import endings
from tests.support.endings import Failed
from tests.support.requests import requested

# npm's chart.js 4.6.1, dist/chart.umd.min.js.
CHART = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "changes.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def findings(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "ocsf.jsonl").read_text().splitlines()]


def test_the_library_of_the_charts_is_the_one_that_was_released_and_has_its_licence() -> None:
    chart = page.ASSETS / page.CHART
    assert hashlib.sha256(chart.read_bytes()).hexdigest() == CHART
    assert "MIT License" in (chart.parent / "chart.LICENSE.md").read_text()
    assert chart.read_text().startswith("/*!\n * Chart.js v4.6.1\n")


def test_the_records_are_the_ledger_in_the_order_of_time(report: Path, some: list[dict[str, Any]]) -> None:
    found = [json.loads(line) for line in (report / "records.jsonl").read_text().splitlines()]
    assert found == some


def test_the_same_entries_make_the_same_files(tmp_path: Path, some: list[dict[str, Any]]) -> None:
    one = written(tmp_path / "one", some)
    other = written(tmp_path / "other", reversed([*some, some[0]]))
    for each in sorted(one.iterdir()):
        assert each.read_bytes() == (other / each.name).read_bytes()


INSTANCE = {
    "resource_type": "rds-instance",
    "observed": endings.INSTANCE,
    "policies": dict.fromkeys(("rds-mysql-automated-backups", "rds-mysql-backup-retention"), Mode.AUTO),
}


def test_a_row_is_a_setting_that_was_written(tmp_path: Path) -> None:
    ask = {**INSTANCE, "policies": {"rds-mysql-backup-retention": Mode.APPROVE}}
    entries = [
        endings.ended(**INSTANCE),
        endings.ended(**INSTANCE, name="run-2", failed=Failed("Verify")),
        endings.ended(**INSTANCE, name="run-3", failed=Failed("Apply")),
        endings.ended(**ask, name="run-4"),
        endings.ended(name="run-5"),
        endings.stopped(name="run-6"),
    ]
    assert [(each["outcome"], len(each["changes"])) for each in entries] == [
        ("remediated", 1),
        ("failed", 1),
        # Its first call was refused, so that it has changed nothing.
        ("failed", 0),
        ("awaiting-approval", 1),
        ("compliant", 0),
        ("stopped", 0),
    ]
    found = rows(written(tmp_path / "report", entries))
    assert [(row["outcome"], row["made"], row["verified"]) for row in found] == [
        ("remediated", "yes", "yes"),
        ("failed", "unverified", "no"),
    ]
    assert (found[0]["before"], found[0]["after"]) == ("0", "7")
    assert found[0]["policies"] == "rds-mysql-automated-backups rds-mysql-backup-retention"


def test_a_number_stays_one_whatever_somebody_has_written(tmp_path: Path) -> None:
    change = {"setting": "BackupRetentionPeriod", "before": -1, "after": 7, "policies": ["one"]}
    [found] = rows(written(tmp_path / "report", [altered(endings.ended(**INSTANCE), changes=[change])]))
    assert (found["before"], found["after"]) == ("-1", "7")


@pytest.mark.parametrize(
    ("arn", "approved_by"),
    [("arn:aws:sts::1:assumed-role/A/li", "arn:aws:sts::1:assumed-role/A/li"), ("", "AROA:li")],
)
def test_who_has_approved_is_named_as_people_know_them(tmp_path: Path, arn: str, approved_by: str) -> None:
    remediated = endings.ended(
        observed=endings.BUCKET,
        policies={"s3-versioning": Mode.APPROVE},
        answer="approved",
        approver=("AROA:li", arn),
    )
    directory = written(tmp_path / "report", [remediated])
    for found in (*rows(directory), *(each["unmapped"] for each in findings(directory))):
        assert (found["approved_by"], found["approver_id"]) == (approved_by, "AROA:li")
    assert rows(directory)[0]["approved_at"] == remediated["approval"]["at"]


def test_each_policy_of_each_entry_is_a_compliance_finding(report: Path, some: list[dict[str, Any]]) -> None:
    found = findings(report)
    states = [state for each in some for _, state in effect(as_record(each)).states if state]
    assert len(found) == len(states) > len(some)
    for each in found:
        ComplianceFinding.model_validate(each)
        # What the schema asks of the class and of the profile `cloud`, and the library does not.
        assert each["cloud"]["provider"] == "AWS"
        assert each["metadata"]["profiles"] == ["cloud"]
        assert each["type_uid"] == each["class_uid"] * 100 + each["activity_id"]


def _by(mode: Mode) -> dict[str, Any]:
    return {"observed": endings.BUCKET, "policies": {"s3-versioning": mode}}


def _left(kind: Literal["exempt", "halted"]) -> dict[str, Any]:
    excuse = Excuse(kind=kind, reason="CHG-1", rule="a rule")
    return {**_by(Mode.AUTO), "excuses": {"s3-versioning": excuse}}


DIRECTORY: dict[str, Any] = {
    "resource": "orders--x-s3",
    "observed": {"Bucket": "orders--x-s3"},
    "policies": {"s3-block-public-access": Mode.AUTO},
}


@pytest.mark.parametrize(
    ("given", "outcome", "status", "expected"),
    [
        ({}, "compliant", "compliant", ("Close", "Resolved", "Pass")),
        (_by(Mode.AUTO), "remediated", "broken", ("Close", "Resolved", "Pass")),
        (_by(Mode.REPORT), "reported", "broken", ("Create", "New", "Fail")),
        (_by(Mode.APPROVE), "awaiting-approval", "broken", ("Create", "In Progress", "Fail")),
        (_left("exempt"), "exempt", "exempt", ("Close", "Suppressed", "Fail")),
        (_left("halted"), "halted", "halted", ("Create", "New", "Fail")),
        (DIRECTORY, "not-applicable", "not-applicable", None),
    ],
)
def test_a_finding_says_how_the_resource_stands(
    tmp_path: Path,
    given: dict[str, Any],
    outcome: str,
    status: str,
    expected: tuple[str, str, str] | None,
) -> None:
    entry = endings.ended(**given)
    assert (entry["outcome"], [each["status"] for each in entry["verdicts"]]) == (outcome, [status])
    directory = written(tmp_path / "report", [entry])
    found = [
        (each["activity_name"], each["status"], each["compliance"]["status"]) for each in findings(directory)
    ]
    assert found == ([expected] if expected else [])


def test_a_later_finding_of_a_resource_and_policy_updates_the_earlier_one(tmp_path: Path) -> None:
    policies = dict.fromkeys(("s3-versioning", "s3-transfer-acceleration"), Mode.REPORT)
    observed = {**endings.BUCKET, "Acceleration": None}
    both = endings.ended(observed=observed, policies=policies)
    found = findings(written(tmp_path / "report", [both, endings.ended(**_by(Mode.REPORT), name="run-2")]))
    uids = [each["finding_info"]["uid"] for each in found]
    assert uids[0] == uids[2] != uids[1]
    assert len({each["metadata"]["uid"] for each in found}) == 3
    assert found[0]["finding_info"]["title"] == find_policy("s3-versioning")[1].title


# --- The manifest ---


def test_the_manifest_has_the_size_and_hash_of_every_file(report: Path, some: list[dict[str, Any]]) -> None:
    found = json.loads((report / "manifest.json").read_text())
    assert {each["name"] for each in found["files"]} == {each.name for each in report.iterdir()} - {
        "manifest.json"
    }
    for each in found["files"]:
        data = (report / each["name"]).read_bytes()
        assert (each["size"], each["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert found["counts"]["records"] == len(some)
    assert found["counts"]["changes"] == len(rows(report))
    assert found["counts"]["findings"] == len(findings(report))
    assert (found["first"], found["last"]) == tuple(some[at]["at"].partition("#")[0] for at in (0, -1))


@pytest.mark.parametrize(("requests", "count"), [([requested()], 1), ([], 0), (None, None)])
def test_the_manifest_counts_what_waits_where_that_is_known(
    tmp_path: Path, requests: list[Requested] | None, count: int | None
) -> None:
    found = json.loads(
        (written(tmp_path / "out", [endings.ended()], requests=requests) / "manifest.json").read_text()
    )
    assert found["counts"].get("requests") == count
    assert found["counts"]["records"] == 1


@pytest.mark.parametrize(
    "name", ["index.html", "frameworks.html", "changes.csv", "records.jsonl", "ocsf.jsonl"]
)
def test_a_file_that_was_changed_or_removed_is_found(tmp_path: Path, name: str) -> None:
    directory = written(tmp_path / "report", [endings.ended()])
    assert manifest.faults(directory) == []
    data = (directory / name).read_bytes()
    (directory / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if data else b"x")
    assert manifest.faults(directory) == [{"name": name, "fault": "changed"}]
    (directory / name).unlink()
    assert manifest.faults(directory) == [{"name": name, "fault": "missing"}]


def test_a_manifest_cannot_lead_out_of_its_directory(tmp_path: Path) -> None:
    directory = written(tmp_path / "report", [endings.ended()])
    found = json.loads((directory / "manifest.json").read_text())
    found["files"][0]["name"] = "../secret"
    (directory / "manifest.json").write_text(json.dumps(found))
    with pytest.raises(InvalidInput, match="holds no report"):
        manifest.faults(directory)


# --- The directory ---


def test_a_report_that_fails_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not understood, at: outcome"):
        written(tmp_path / "report", [endings.ended(), altered(endings.ended(name="run-2"), outcome=7)])
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_fails_on_the_way_leaves_the_one_before(tmp_path: Path) -> None:
    directory = written(tmp_path / "report", [endings.ended()])
    before = {each.name: each.read_bytes() for each in directory.iterdir()}
    with pytest.raises(ZeroDivisionError), replaced(directory, force=True) as new:
        (new / "index.html").write_text("half")
        raise ZeroDivisionError
    assert {each.name: each.read_bytes() for each in directory.iterdir()} == before
    assert list(tmp_path.iterdir()) == [directory]


def test_only_a_report_is_replaced_and_only_by_force(tmp_path: Path) -> None:
    directory = tmp_path / "report"
    directory.mkdir()
    written(directory, [endings.ended()])
    with pytest.raises(InvalidInput, match=r"is not empty.*--force"):
        written(directory, [endings.ended()])
    with replaced(directory, force=True) as new:
        (new / "index.html").write_text("new")
    assert [each.name for each in directory.iterdir()] == ["index.html"]
    with (
        pytest.raises(InvalidInput, match="holds no report of Rightstate's"),
        replaced(directory, force=True),
    ):
        pass
    assert (directory / "index.html").read_text() == "new"


def test_force_deletes_no_file_that_is_not_the_reports(tmp_path: Path) -> None:
    directory = written(tmp_path / "report", [endings.ended()])
    (directory / "notes.txt").write_text("mine")
    with pytest.raises(InvalidInput, match=r"notes\.txt"), replaced(directory, force=True):
        pass
    assert (directory / "notes.txt").read_text() == "mine"


def test_a_report_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    assert written(tmp_path / "report", [endings.ended()]).stat().st_mode & 0o777 == 0o700


def test_a_resource_that_code_manages_has_the_lines_to_change_there(tmp_path: Path) -> None:
    excuse = Excuse(kind="managed", reason="CloudFormation made the change.", rule="managed: report")
    entry = endings.ended(observed=endings.BUCKET, excuses={"s3-versioning": excuse})
    [found] = findings(written(tmp_path / "out", [entry]))
    assert found["remediation"]["desc"].splitlines()[1:] == [
        MANAGED,
        'CloudFormation AWS::S3::Bucket: VersioningConfiguration.Status: "Enabled"',
        'Terraform aws_s3_bucket_versioning: versioning_configuration.status = "Enabled"',
    ]


def test_a_resource_that_nobody_says_code_manages_has_none(tmp_path: Path) -> None:
    entry = endings.ended(observed=endings.BUCKET, policies={"s3-versioning": Mode.REPORT})
    [found] = findings(written(tmp_path / "out", [entry]))
    assert "Terraform" not in found["remediation"]["desc"]
