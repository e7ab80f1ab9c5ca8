"""`rightstate plan --from`: what scanners found is planned where a policy covers it; the rest is listed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto.core.exceptions import AccessDeniedError
from moto.rds.models import RDSBackend, rds_backends

from rightstate.catalogue import load_all
from rightstate_cli.planning import findings
from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli, Ran, Server

SAMPLES = Path(__file__).parents[2] / "findings"
QUEUE, BUCKET, PASSWORDS = "sqs-queue found", "s3-bucket found-bucket", f"iam-password-policy {OWN}"
# Prowler names an analyzer that there is none of.
ANALYZER = f"access-analyzer {OWN}"
NO_POLICY = "No policy covers this check."
THEIRS = f"Account {OTHER} is not among those that are planned for."


@pytest.fixture
def broken(server: Server) -> None:
    """What the samples are about."""
    session = server.session()
    session.client("sqs").create_queue(QueueName="found", Attributes={"SqsManagedSseEnabled": "false"})
    session.client("s3").create_bucket(Bucket="found-bucket")
    server.calls.clear()


def planned(ran: Ran) -> dict[str, list[str]]:
    """The policies that each resource was planned for."""
    return {f"{item['resource_type']} {item['resource']}": item["policies"] for item in ran.json["items"]}


def left(ran: Ran) -> list[tuple[str, str]]:
    return [(each["check"], each["reason"]) for each in ran.json["findings"]["left"]]


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("sample", ["prowler.ocsf.json", "prowler.csv"])
def test_prowler_s_findings_are_planned_for_the_policies_that_settle_them(cli: Cli, sample: str) -> None:
    ran = cli("plan", "--from", str(SAMPLES / sample), "--format", "json")
    assert planned(ran) == {
        QUEUE: ["sqs-server-side-encryption"],
        BUCKET: ["s3-versioning"],
        PASSWORDS: ["iam-password-policy-lowercase"],
        ANALYZER: ["access-analyzer-enabled"],
    }
    assert sorted(left(ran)) == [
        ("s3_bucket_object_versioning", THEIRS),
        ("s3_bucket_object_versioning", "It does not say which resource it is about."),
    ]
    counts = {name: ran.json["findings"][name] for name in ("source", "total", "planned", "settled")}
    assert counts == {"source": "Prowler", "total": 8, "planned": 4, "settled": 2}
    assert ran.code == 1


@pytest.mark.usefixtures("broken")
def test_security_hub_s_failed_and_active_findings_are_planned(cli: Cli) -> None:
    ran = cli("plan", "--from", str(SAMPLES / "security-hub.json"), "--format", "json")
    assert planned(ran) == {
        QUEUE: ["sqs-server-side-encryption"],
        BUCKET: ["s3-versioning"],
        PASSWORDS: ["iam-password-policy-lowercase"],
    }
    reasons = dict(left(ran))
    assert reasons["Athena.4"] == NO_POLICY
    assert reasons["S3.14"] == THEIRS
    assert "cannot be the name of a resource of type cloudtrail-trail" in reasons["CloudTrail.1"]
    assert "It is not the finding of a control." in reasons.values()
    assert (ran.json["findings"]["total"], ran.json["findings"]["settled"]) == (10, 3)


@pytest.mark.usefixtures("broken")
def test_what_config_finds_in_one_account_is_planned_in_the_account_and_region_of_the_command(
    cli: Cli,
) -> None:
    ran = cli("plan", "--from", str(SAMPLES / "config.json"), "--format", "json")
    assert set(planned(ran)) == {BUCKET, PASSWORDS}
    assert len(planned(ran)[PASSWORDS]) == 7
    reasons = dict(left(ran))
    assert reasons["rds-instance-deletion-protection-enabled"].startswith(
        "There is no database of that resource id"
    )
    assert reasons["our-own-rule"] == NO_POLICY
    assert {(item["account"], item["region"]) for item in ran.json["items"]} == {(OWN, REGION)}


def config_file(folder: Path, *found: tuple[str, str, str]) -> str:
    """A file of findings of AWS Config, each by rule, type and resource id."""
    results = [
        {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {"ConfigRuleName": rule, "ResourceType": of, "ResourceId": each}
            },
            "ComplianceType": "NON_COMPLIANT",
        }
        for rule, of, each in found
    ]
    (folder / "config.json").write_text(json.dumps({"EvaluationResults": results}))
    return str(folder / "config.json")


INSTANCE, CLUSTER = "AWS::RDS::DBInstance", "AWS::RDS::DBCluster"


def test_a_database_is_found_by_the_resource_id_that_config_has_for_it(
    server: Server, cli: Cli, tmp_path: Path
) -> None:
    for of in ("rds-instance", "neptune-instance", "rds-cluster", "neptune-cluster"):
        server.make(of, f"by-id-{of}")
    backend = rds_backends[OWN][REGION]
    for of in ("rds-instance", "neptune-instance"):
        # moto gives all of them the same.
        backend.databases[f"by-id-{of}"].dbi_resource_id = f"db-{of.upper().replace('-', '')}"
    aurora, neptune = (backend.clusters[f"by-id-{of}"] for of in ("rds-cluster", "neptune-cluster"))
    file = config_file(
        tmp_path,
        ("rds-instance-deletion-protection-enabled", INSTANCE, "db-RDSINSTANCE"),
        ("rds-automatic-minor-version-upgrade-enabled", INSTANCE, "db-RDSINSTANCE"),
        ("rds-automatic-minor-version-upgrade-enabled", INSTANCE, "db-NEPTUNEINSTANCE"),
        ("rds-cluster-deletion-protection-enabled", CLUSTER, aurora.db_cluster_resource_id),
        ("neptune-cluster-iam-database-authentication", CLUSTER, neptune.db_cluster_resource_id),
        ("rds-cluster-deletion-protection-enabled", CLUSTER, "cluster-GONESINCE"),
    )
    server.calls.clear()
    ran = cli("plan", "--from", file, "--format", "json")
    assert set(planned(ran)) == {
        "rds-instance by-id-rds-instance",
        "rds-instance by-id-neptune-instance",
        "rds-cluster by-id-rds-cluster",
        "neptune-cluster by-id-neptune-cluster",
    }
    assert len(planned(ran)["rds-instance by-id-rds-instance"]) > 1
    gone = f"There is no database of that resource id in account {OWN}, {REGION}."
    assert left(ran) == [("rds-cluster-deletion-protection-enabled", gone)]
    assert ran.json["findings"]["left"][0]["resource"] == "cluster-GONESINCE"
    # One for the three instances and one for the three clusters, before each is read.
    described = {name: server.calls.count(f"rds:DescribeDB{name}") for name in ("Instances", "Clusters")}
    assert described == {"Instances": 1 + 2, "Clusters": 1 + 2}


def test_a_database_that_cannot_be_looked_up_is_left_with_the_reason(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: RDSBackend, *args: Any, **given: Any) -> None:
        raise AccessDeniedError("anybody", "rds:DescribeDBInstances")

    monkeypatch.setattr(RDSBackend, "describe_db_instances", denied)
    rule = "rds-instance-deletion-protection-enabled"
    file = config_file(tmp_path, (rule, INSTANCE, "db-RDSINSTANCE"))
    ran = cli("plan", "--from", file, "--format", "json")
    [(_, reason)] = left(ran)
    assert "AWS refused: DescribeDBInstances was answered with AccessDenied. Allow" in reason
    assert (ran.json["items"], ran.code) == ([], 1)


@pytest.mark.usefixtures("broken")
def test_an_aggregator_s_findings_are_planned_where_they_are(cli: Cli) -> None:
    ran = cli("plan", "--from", str(SAMPLES / "config-aggregate.json"), "--format", "json")
    assert planned(ran) == {BUCKET: ["s3-versioning"]}
    assert left(ran) == [("cmk-backing-key-rotation-enabled-conformance-pack-abc123xyz", THEIRS)]


@pytest.mark.usefixtures("broken")
def test_an_event_of_security_hub_and_a_bare_list_are_read_as_well(cli: Cli, tmp_path: Path) -> None:
    found = json.loads((SAMPLES / "security-hub.json").read_text())["Findings"]
    for name, content in {"event": {"detail": {"findings": found[:1]}}, "list": found[:1]}.items():
        (tmp_path / name).write_text(json.dumps(content))
        ran = cli("plan", "--from", str(tmp_path / name), "--format", "json")
        assert set(planned(ran)) == {QUEUE}


@pytest.mark.usefixtures("broken")
def test_the_table_says_what_is_planned_and_what_is_left(cli: Cli) -> None:
    ran = cli("plan", "--from", str(SAMPLES / "prowler.csv"))
    assert "Findings that are not planned" in ran.out
    assert "8 findings of Prowler: 4 planned, 2 passed or settled, 2 left." in ran.out


@pytest.mark.usefixtures("broken")
def test_a_policy_that_is_left_out_leaves_its_findings_and_says_so(cli: Cli) -> None:
    ran = cli("plan", "--from", str(SAMPLES / "prowler.csv"), "-p", "s3-versioning", "--format", "json")
    assert set(planned(ran)) == {BUCKET}
    assert ("sqs_queues_server_side_encryption_enabled", _NOT_ASKED) in left(ran)


_NOT_ASKED = "No policy that covers this check is among those that are planned for in the account."


@pytest.mark.usefixtures("broken")
def test_a_region_that_is_left_out_leaves_its_findings_and_says_so(cli: Cli) -> None:
    ran = cli("plan", "--from", str(SAMPLES / "prowler.csv"), "--region", "eu-west-1", "--format", "json")
    # Of a global service there is one, whatever the region.
    assert set(planned(ran)) == {PASSWORDS}
    assert (
        "s3_bucket_object_versioning",
        "Region us-east-1 is not among those that are planned for.",
    ) in left(ran)


def test_a_finding_of_what_has_gone_since_is_told_as_gone(cli: Cli, tmp_path: Path) -> None:
    found = json.loads((SAMPLES / "security-hub.json").read_text())["Findings"][:1]
    found[0]["Resources"][0]["Id"] = f"arn:aws:sqs:{REGION}:{OWN}:gone-since"
    (tmp_path / "gone.json").write_text(json.dumps(found))
    ran = cli("plan", "--from", str(tmp_path / "gone.json"), "--format", "json")
    assert [item["status"] for item in ran.json["items"]] == ["gone"]
    assert ran.code == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "is empty"),
        ("[{", "is cut off, or is not JSON"),
        ("[]", "has no findings in a known format"),
        ('{"results": []}', "has no findings in a known format"),
        ('[{"id": 1}]', "has no findings in a known format"),
        ("account,resource\n1,2\n", "has no findings in a known format"),
    ],
)
def test_what_is_not_findings_is_refused(
    refused: Callable[..., str], tmp_path: Path, content: str, why: str
) -> None:
    (tmp_path / "findings").write_text(content)
    said = refused("plan", "--from", str(tmp_path / "findings"))
    assert why in said
    assert "Nothing was planned." in said


def test_a_file_that_is_not_there_or_not_text_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "cannot be read" in refused("plan", "--from", str(tmp_path / "none"))
    (tmp_path / "picture").write_bytes(b"\x89PNG\xff")
    assert "is not text" in refused("plan", "--from", str(tmp_path / "picture"))


def test_findings_and_named_resources_exclude_each_other(refused: Callable[..., str]) -> None:
    assert "give one of them" in refused(
        "plan", "--from", str(SAMPLES / "prowler.csv"), "-r", "arn:aws:s3:::x"
    )


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"Resources": "none"},
        {"Resources": [None], "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.14"}},
        {"Compliance": {"Status": "FAILED", "SecurityControlId": 14}, "Resources": []},
        None,
        "text",
    ],
)
def test_a_malformed_finding_is_left_with_a_reason_and_hides_no_other(
    cli: Cli, tmp_path: Path, broken: None, entry: Any
) -> None:
    sound = json.loads((SAMPLES / "security-hub.json").read_text())["Findings"][0]
    (tmp_path / "mixed.json").write_text(json.dumps({"Findings": [entry, sound]}))
    ran = cli("plan", "--from", str(tmp_path / "mixed.json"), "--format", "json")
    assert set(planned(ran)) == {QUEUE}
    [(_, reason)] = left(ran)
    assert reason
    assert (ran.json["findings"]["total"], ran.json["findings"]["planned"]) == (2, 1)


@pytest.mark.parametrize(
    "name",
    [
        "S3_BUCKET_VERSIONING_ENABLED",
        "s3-bucket-versioning-enabled",
        "securityhub-s3-bucket-versioning-enabled-1a2b3c4d",
        "s3-bucket-versioning-enabled-conformance-pack-abc123xyz",
        "OrgConfigRule-s3-bucket-versioning-enabled-abcd1234",
        "S3BucketVersioningEnabled",
    ],
)
def test_a_rule_of_config_is_known_by_the_names_that_others_give_it(name: str) -> None:
    assert findings._rule(name) == findings._rule("S3_BUCKET_VERSIONING_ENABLED")


def test_a_rule_s_identifier_is_written_as_aws_writes_it() -> None:
    rules = {rule for of in load_all() for policy in of.policies for rule in policy.config_rules}
    assert len(rules) > 25
    assert all(rule == rule.upper() and " " not in rule for rule in rules)
