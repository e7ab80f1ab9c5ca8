"""The lists beside the catalogue: what they say of the policies, and that both fit together."""

import json
import re

import pytest
from typer.testing import CliRunner

from rightstate.catalogue import find_policy, load_all
from rightstate.policy import Severity
from rightstate_cli.application import sam_template
from rightstate_cli.docs import coverage
from rightstate_cli.main import application
from rightstate_cli.standards import peers
from rightstate_cli.standards.frameworks import (
    Framework,
    consequences,
    policies_of,
    required_by,
    requirements,
)
from rightstate_cli.standards.peers import Item, Peer

POLICIES = [policy for each in load_all() for policy in each.policies]
CHECKS = {check for policy in POLICIES for check in policy.prowler}
every_framework = pytest.mark.parametrize("framework", Framework)


def listed(*options: str) -> set[str]:
    ran = CliRunner().invoke(application(), ["policies", *options, "--format", "json"])
    assert ran.exit_code == 0, ran.output
    return {each["id"] for each in json.loads(ran.stdout)}


# --- Frameworks ---


@every_framework
def test_a_requirement_is_listed_once_with_its_checks(framework: Framework) -> None:
    ids = [each.id for each in requirements(framework)]
    assert len(ids) == len(set(ids)) > 0
    assert all(each.checks for each in requirements(framework))


@every_framework
def test_a_requirement_is_covered_by_the_policies_that_settle_one_of_its_checks(
    framework: Framework,
) -> None:
    for each in requirements(framework):
        assert bool(each.policies) == bool(CHECKS & set(each.checks))
        assert all(set(find_policy(policy)[1].prowler) & set(each.checks) for policy in each.policies)


@every_framework
def test_a_policy_says_the_same_of_a_framework_as_the_framework_of_the_policy(framework: Framework) -> None:
    said = {policy.id for policy in POLICIES if framework in required_by(policy)}
    assert said == policies_of(framework) == listed("--framework", framework)


@every_framework
def test_the_consequences_name_what_no_policy_covers(framework: Framework) -> None:
    text = " ".join(consequences(framework))
    uncovered = [each.id for each in requirements(framework) if not each.policies]
    assert [each for each in uncovered[:20] if each not in text] == []
    assert ("No policy covers" in text) == bool(uncovered)


@pytest.mark.parametrize(
    ("framework", "requirement", "policy"),
    [
        (Framework.CIS_5, "1.7", "iam-password-policy-min-length"),
        (Framework.CIS_7, "3.1.4", "s3-block-public-access"),
        (Framework.ISO_27001, "A.8.1", "s3-block-public-access"),
        (Framework.NIST_800_53, "cp_2_a_7", "rds-mysql-multi-az"),
        (Framework.SOC_2, "pi_1_5", "s3-versioning"),
    ],
)
def test_known_requirements_have_their_policies(framework: Framework, requirement: str, policy: str) -> None:
    assert requirement in required_by(find_policy(policy)[1])[framework]


def test_an_unknown_framework_is_an_error_that_names_those_there_are() -> None:
    ran = CliRunner().invoke(application(), ["policies", "--framework", "cis-1.0"])
    assert ran.exit_code == 2
    assert "cis-7.0" in ran.output


# --- Severities ---


@pytest.mark.parametrize("severity", Severity)
def test_a_severity_lists_the_higher_ones_too(severity: Severity) -> None:
    higher = list(Severity)[list(Severity).index(severity) :]
    assert listed("--severity", severity) == {each.id for each in POLICIES if each.severity in higher}


def test_policies_for_the_same_controls_and_checks_are_equally_severe() -> None:
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], set[Severity]] = {}
    for each in POLICIES:
        if each.security_hub or each.prowler:
            found.setdefault((each.security_hub, each.prowler), set()).add(each.severity)
    assert {key: each for key, each in found.items() if len(each) > 1} == {}


# --- Peers ---


@pytest.mark.parametrize(
    ("peer", "count", "name"), [(Peer.ASR, 106, "S3.2"), (Peer.PROWLER, 55, "ec2_ami_public")]
)
def test_a_peer_has_each_of_its_fixes_once(peer: Peer, count: int, name: str) -> None:
    names = [each.name for each in peers.items(peer)]
    assert (len(names), len(set(names))) == (count, count)
    assert peers.fixes(peer, ("nothing", name))
    assert not peers.fixes(peer, ("nothing",))


@pytest.mark.parametrize("peer", Peer)
def test_what_is_refused_is_covered_by_no_policy_and_says_why(peer: Peer) -> None:
    settled = CHECKS | {control for policy in POLICIES for control in policy.security_hub}
    refused = [each for each in peers.items(peer) if each.refused]
    assert refused
    assert [each.name for each in refused if each.name in settled] == []
    assert [each.name for each in refused if not re.fullmatch(r"[A-Z].{40,}\.", each.refused)] == []


@pytest.mark.parametrize(
    ("refused", "policies", "state"),
    [
        ("", (), "not yet"),
        ("It destroys the instance.", (), "refused"),
        ("", ("a-policy",), "covered"),
        ("It destroys the instance.", ("a-policy",), "covered"),
    ],
)
def test_what_a_peer_fixes_is_covered_refused_or_not_there_yet(
    refused: str, policies: tuple[str, ...], state: str
) -> None:
    assert coverage.state(Item(Peer.ASR, "EC2.4", refused), policies) == state


def test_the_page_is_what_the_catalogue_and_the_lists_say() -> None:
    written = (sam_template.root() / "docs" / "coverage.md").read_text()
    assert written == coverage.page(), "docs/coverage.md is out of date: run `make docs`"


@pytest.mark.parametrize("name", [policy.id for policy in POLICIES])
def test_the_page_has_each_policy_beside_its_controls(name: str) -> None:
    _, policy = find_policy(name)
    [row] = [
        line
        for line in coverage.page().splitlines()
        if line.startswith(f"| [{name}](") and f"| {policy.severity} |" in line
    ]
    assert all(control in row for control in (*policy.security_hub, *policy.prowler))
