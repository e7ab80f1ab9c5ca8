"""What is read of a trail, what is written, and when another trail is enough."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import CallFailed, InvalidInput, NotReady, ResourceGone, RightstateError
from rightstate.identify import identify
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from tests.support.cycle import Account, enabled, plan, remediate, undo

TRAIL = load("cloudtrail-trail")
OWNER = "123456789012"
PLACE = Place(account=OWNER, region="us-east-1")
RESOURCE = Resource(**PLACE.model_dump(), id="audit")
MULTI_REGION = "cloudtrail-multi-region"
VALIDATION = "cloudtrail-log-file-validation"
LOGGING = "cloudtrail-logging-enabled"
ENCRYPTION, DELIVERY = "cloudtrail-kms-encryption", "cloudtrail-cloudwatch-logs"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DELIVERED = {
    "CloudWatchLogsLogGroupArn": f"arn:aws:logs:us-east-1:{OWNER}:log-group:cloudtrail:*",
    "CloudWatchLogsRoleArn": f"arn:aws:iam::{OWNER}:role/CloudTrailToCloudWatchLogs",
}
WEAK: Mapping[str, bool] = {
    "IsMultiRegionTrail": False,
    "IncludeGlobalServiceEvents": False,
    "EnableLogFileValidation": False,
}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


@pytest.fixture
def cloudtrail(account: Account) -> Iterator[Stubber]:
    with Stubber(account.client("cloudtrail")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def create(
    account: Account, name: str = "audit", *, region: str = "us-east-1", logging: bool = False, **given: Any
) -> None:
    there = Account(region).client("cloudtrail")
    Account().client("s3").create_bucket(Bucket="trails")
    there.create_trail(Name=name, S3BucketName="trails", **{**WEAK, **given})
    if logging:
        there.start_logging(Name=name)
    account.calls.clear()
    account.parameters.clear()


def covering(account: Account, region: str = "us-east-1", logging: bool = True) -> None:
    everything = {"IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True}
    create(account, "organization-wide", region=region, logging=logging, **everything)


def trail(name: str = "audit", region: str = "us-east-1", owner: str = OWNER, **given: Any) -> dict[str, Any]:
    """What CloudTrail tells of a trail."""
    return {
        "Name": name,
        "TrailARN": f"arn:aws:cloudtrail:{region}:{owner}:trail/{name}",
        "HomeRegion": region,
        "IsMultiRegionTrail": False,
        "IncludeGlobalServiceEvents": True,
        "LogFileValidationEnabled": True,
        "HasCustomEventSelectors": False,
        **given,
    }


def writes(account: Account) -> list[tuple[str, dict[str, Any]]]:
    return [(name, given) for name, given in account.parameters if name in ("UpdateTrail", "StartLogging")]


@pytest.mark.parametrize(
    ("policy", "written"),
    [
        (
            MULTI_REGION,
            (
                "UpdateTrail",
                {"Name": "audit", "IsMultiRegionTrail": True, "IncludeGlobalServiceEvents": True},
            ),
        ),
        (VALIDATION, ("UpdateTrail", {"Name": "audit", "EnableLogFileValidation": True})),
        (LOGGING, ("StartLogging", {"Name": "audit"})),
        (ENCRYPTION, ("UpdateTrail", {"Name": "audit", "KmsKeyId": KEY})),
        (DELIVERY, ("UpdateTrail", {"Name": "audit", **DELIVERED})),
    ],
)
def test_a_trail_that_breaks_one_policy_is_mended_with_one_call_and_then_left_alone(
    account: Account, policy: str, written: tuple[str, dict[str, Any]]
) -> None:
    create(account)
    assert remediate(TRAIL, account, RESOURCE, enabled(TRAIL, policy)).outcome is Outcome.REMEDIATED
    assert writes(account) == [written]
    account.parameters.clear()
    assert remediate(TRAIL, account, RESOURCE, enabled(TRAIL, policy)).outcome is Outcome.COMPLIANT
    assert writes(account) == []


def test_all_policies_together_make_one_update_and_start_the_trail_last(account: Account) -> None:
    create(account)
    remediate(TRAIL, account, RESOURCE, enabled(TRAIL))
    assert writes(account) == [
        (
            "UpdateTrail",
            {
                "Name": "audit",
                "IsMultiRegionTrail": True,
                "IncludeGlobalServiceEvents": True,
                "EnableLogFileValidation": True,
                "KmsKeyId": KEY,
                **DELIVERED,
            },
        ),
        ("StartLogging", {"Name": "audit"}),
    ]
    account.calls.clear()
    assert plan(TRAIL, account, RESOURCE, enabled(TRAIL)).outcome is Outcome.COMPLIANT
    assert account.calls == ["cloudtrail:GetTrail", "cloudtrail:GetTrailStatus"]


def test_a_key_and_a_log_group_that_a_trail_has_are_kept_and_those_it_was_given_are_taken_back(
    account: Account,
) -> None:
    create(account, KmsKeyId="alias/own")
    decision = remediate(TRAIL, account, RESOURCE, enabled(TRAIL, ENCRYPTION, DELIVERY))
    assert writes(account) == [("UpdateTrail", {"Name": "audit", **DELIVERED})]
    undone = undo(TRAIL, account, RESOURCE, decision)
    assert [call.parameters for call in undone.calls] == [{"Name": "audit", **dict.fromkeys(DELIVERED, "")}]


@given(*[st.booleans()] * 4, st.sets(st.sampled_from([MULTI_REGION, VALIDATION, LOGGING]), min_size=1))
@settings(max_examples=25)
def test_only_what_a_policy_asks_for_changes(
    multi: bool, include_global: bool, validated: bool, logging: bool, policies: set[str]
) -> None:
    include_global = include_global or multi  # CloudTrail has no multi-Region trail without them.
    with mock_aws():
        account = Account()
        create(
            account,
            logging=logging,
            IsMultiRegionTrail=multi,
            IncludeGlobalServiceEvents=include_global,
            EnableLogFileValidation=validated,
            S3KeyPrefix="of-audit",
        )
        before = account.client("cloudtrail").get_trail(Name="audit")["Trail"]
        remediate(TRAIL, account, RESOURCE, enabled(TRAIL, *policies))
        after = account.client("cloudtrail").get_trail(Name="audit")["Trail"]
        wanted = {
            setting: True
            for policy in TRAIL.policies
            if policy.id in policies
            for setting in policy.wants
            if setting in before
        }
        assert after == {**before, **wanted}
        status = account.client("cloudtrail").get_trail_status(Name="audit")
        assert status["IsLogging"] is (logging or LOGGING in policies)


def test_a_trail_without_global_events_in_all_regions_gets_both_and_names_only_what_changes(
    account: Account,
) -> None:
    create(account, IncludeGlobalServiceEvents=True)
    remediate(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION))
    assert writes(account) == [("UpdateTrail", {"Name": "audit", "IsMultiRegionTrail": True})]


# --- Another trail ---


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_second_multi_region_trail_is_never_made(account: Account, region: str) -> None:
    create(account)
    covering(account, region)
    decision = remediate(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION))
    assert (decision.outcome, writes(account)) == (Outcome.COMPLIANT, [])
    assert "Another multi-Region trail" in decision.reason


def test_the_other_policies_are_about_the_trail_itself(account: Account) -> None:
    create(account)
    covering(account)
    decision = remediate(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION, VALIDATION, LOGGING))
    assert [name for name, _ in writes(account)] == ["UpdateTrail", "StartLogging"]
    assert [verdict.status for verdict in decision.verdicts] == [
        Status.COMPLIANT,
        Status.BROKEN,
        Status.BROKEN,
    ]


def test_a_multi_region_trail_that_is_stopped_covers_nothing(account: Account) -> None:
    create(account)
    covering(account, logging=False)
    assert plan(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION)).apply


def test_a_trail_of_one_region_covers_nothing(account: Account) -> None:
    create(account)
    create(account, "other", logging=True, IncludeGlobalServiceEvents=True)
    assert plan(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION)).apply


def test_a_trail_does_not_cover_itself(account: Account) -> None:
    create(account, logging=True)
    assert plan(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION)).apply


def test_other_trails_are_not_looked_at_where_the_trail_keeps_the_policy(account: Account) -> None:
    covering(account)
    own = RESOURCE.model_copy(update={"id": "organization-wide"})
    assert plan(TRAIL, account, own, enabled(TRAIL, MULTI_REGION)).outcome is Outcome.COMPLIANT
    assert account.calls == ["cloudtrail:GetTrail"]


def field(name: str, **operators: list[str]) -> dict[str, Any]:
    return {"Field": name, **operators}


MANAGEMENT = field("eventCategory", Equals=["Management"])
READ, WRITE = field("readOnly", Equals=["true"]), field("readOnly", Equals=["false"])


def basic(*kinds: str, management: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "EventSelectors": [
            {"ReadWriteType": kind, "IncludeManagementEvents": management, **more} for kind in kinds
        ]
    }


def advanced(*selectors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"FieldSelectors": fields} for fields in selectors]}


@pytest.mark.parametrize(
    ("selectors", "covers"),
    [
        (basic("All"), True),
        (basic("All", ExcludeManagementEventSources=["kms.amazonaws.com"]), True),
        (basic("WriteOnly"), False),
        (basic("ReadOnly"), False),
        (basic("All", management=False), False),
        (
            {"EventSelectors": basic("ReadOnly")["EventSelectors"] + basic("WriteOnly")["EventSelectors"]},
            True,
        ),
        (advanced([MANAGEMENT]), True),
        (advanced([MANAGEMENT, READ], [MANAGEMENT, WRITE]), True),
        (advanced([MANAGEMENT, field("eventSource", NotEquals=["kms.amazonaws.com"])]), True),
        (advanced([MANAGEMENT, WRITE]), False),
        (advanced([MANAGEMENT, field("eventSource", Equals=["kms.amazonaws.com"])]), False),
        (advanced([MANAGEMENT, field("eventName", NotEquals=["AssumeRole"])]), False),
        (advanced([field("eventCategory", Equals=["Data"])]), False),
        ({}, False),
    ],
    ids=str,
)
def test_another_trail_covers_with_all_management_events_and_no_less(
    account: Account, cloudtrail: Stubber, selectors: dict[str, Any], covers: bool
) -> None:
    other = trail("other", "eu-west-1", IsMultiRegionTrail=True, HasCustomEventSelectors=True)
    cloudtrail.add_response("get_trail", {"Trail": trail()})
    cloudtrail.add_response("describe_trails", {"trailList": [trail(), other]}, {"includeShadowTrails": True})
    cloudtrail.add_response("get_trail_status", {"IsLogging": True}, {"Name": other["TrailARN"]})
    cloudtrail.add_response("get_event_selectors", selectors, {"TrailName": other["TrailARN"]})
    decision = plan(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION))
    assert decision.apply is not covers


def test_another_trail_that_is_deleted_meanwhile_covers_nothing(
    account: Account, cloudtrail: Stubber
) -> None:
    other = trail("other", IsMultiRegionTrail=True)
    cloudtrail.add_response("get_trail", {"Trail": trail()})
    cloudtrail.add_response("describe_trails", {"trailList": [trail(), other]})
    cloudtrail.add_client_error("get_trail_status", "TrailNotFoundException")
    assert plan(TRAIL, account, RESOURCE, enabled(TRAIL, MULTI_REGION)).apply


# --- Trails that cannot be changed here ---


def test_a_shadow_trail_is_not_applicable(account: Account) -> None:
    covering(account, "eu-west-1")
    shadow = RESOURCE.model_copy(update={"id": "organization-wide"})
    decision = remediate(TRAIL, account, shadow, enabled(TRAIL))
    assert (decision.outcome, writes(account)) == (Outcome.NOT_APPLICABLE, [])
    assert "home is another region" in decision.reason
    assert {verdict.status for verdict in decision.verdicts} == {Status.NOT_APPLICABLE}


@pytest.mark.parametrize(("region", "by_name"), product(["us-east-1", "eu-west-1"], [True, False]))
def test_an_organization_trail_seen_from_a_member_is_not_applicable(
    account: Account, cloudtrail: Stubber, region: str, by_name: bool
) -> None:
    theirs = trail(region=region, owner="999999999999", IsOrganizationTrail=True)
    if by_name:
        cloudtrail.add_response("get_trail", {"Trail": theirs}, {"Name": "audit"})
    else:
        cloudtrail.add_client_error("get_trail", "TrailNotFoundException")
        cloudtrail.add_response("describe_trails", {"trailList": [trail("other"), theirs]})
    decision = plan(TRAIL, account, RESOURCE, enabled(TRAIL))
    assert (decision.outcome, decision.calls) == (Outcome.NOT_APPLICABLE, ())
    assert "management account" in decision.reason
    assert {verdict.status for verdict in decision.verdicts} == {Status.NOT_APPLICABLE}


COMPLIES = {"IsMultiRegionTrail": True, "LogFileValidationEnabled": True}
# The management account's own trail of the organization: what is otherwise of it, each policy's verdict.
ORGANIZATIONS = {
    "nothing complies": (
        {"IsMultiRegionTrail": False, "LogFileValidationEnabled": False},
        (Status.NOT_APPLICABLE, Status.NOT_APPLICABLE),
    ),
    "one region": ({**COMPLIES, "IsMultiRegionTrail": False}, (Status.NOT_APPLICABLE, Status.COMPLIANT)),
    "no global events": (
        {**COMPLIES, "IncludeGlobalServiceEvents": False},
        (Status.NOT_APPLICABLE, Status.COMPLIANT),
    ),
    "no validation": (
        {**COMPLIES, "LogFileValidationEnabled": False},
        (Status.COMPLIANT, Status.NOT_APPLICABLE),
    ),
    "everything complies": (COMPLIES, (Status.COMPLIANT, Status.COMPLIANT)),
}


@pytest.mark.parametrize(("given", "expected"), ORGANIZATIONS.values(), ids=list(ORGANIZATIONS))
def test_an_organization_trail_of_the_management_account_is_started_and_never_updated(
    account: Account, cloudtrail: Stubber, given: dict[str, bool], expected: tuple[Status, Status]
) -> None:
    """UpdateTrail of one takes rights over the organization, which the role does not have."""
    cloudtrail.add_response("get_trail", {"Trail": trail(IsOrganizationTrail=True, **given)})
    cloudtrail.add_response("get_trail_status", {"IsLogging": False})
    if not (given["IsMultiRegionTrail"] and given.get("IncludeGlobalServiceEvents", True)):
        cloudtrail.add_response("describe_trails", {"trailList": [trail(IsOrganizationTrail=True, **given)]})
    decision = plan(TRAIL, account, RESOURCE, enabled(TRAIL))
    verdicts = {verdict.policy: verdict for verdict in decision.verdicts}
    assert (verdicts[MULTI_REGION].status, verdicts[VALIDATION].status) == expected
    assert verdicts[LOGGING].status is Status.BROKEN
    assert [call.operation for call in decision.calls] == ["StartLogging"]
    refused = [each.reason for each in verdicts.values() if each.status is Status.NOT_APPLICABLE]
    assert all("Change it in the management account" in reason for reason in refused)


@pytest.mark.parametrize(
    ("operation", "code", "error"),
    [
        ("update_trail", "ConflictException", NotReady),
        ("update_trail", "InsufficientS3BucketPolicyException", CallFailed),
        ("update_trail", "TrailNotFoundException", ResourceGone),
        ("start_logging", "ConflictException", NotReady),
    ],
)
def test_what_cloudtrail_refuses_is_named(
    account: Account, cloudtrail: Stubber, operation: str, code: str, error: type[RightstateError]
) -> None:
    cloudtrail.add_response("get_trail", {"Trail": trail(LogFileValidationEnabled=False)})
    cloudtrail.add_response("get_trail_status", {"IsLogging": False})
    if operation == "start_logging":
        cloudtrail.add_response("update_trail", {})
    cloudtrail.add_client_error(operation, code)
    with pytest.raises(error), named_errors(gone=TRAIL.gone, busy=TRAIL.busy_errors):
        remediate(TRAIL, account, RESOURCE, enabled(TRAIL, VALIDATION, LOGGING))


def test_a_trail_that_is_nowhere_has_gone(account: Account) -> None:
    with pytest.raises(ResourceGone), named_errors(gone=TRAIL.gone):
        plan(TRAIL, account, RESOURCE, enabled(TRAIL))


def test_trails_are_listed_by_name_in_their_home_region_only(account: Account) -> None:
    create(account)
    covering(account, "eu-west-1")
    assert list(TRAIL.find(account.client, PLACE)) == ["audit"]
    assert account.parameters == [("DescribeTrails", {"includeShadowTrails": False})]


def test_a_deleted_trail_concerns_the_others_of_its_region(account: Account) -> None:
    create(account)
    create(account, "data-events")
    assert TRAIL.members is not None
    assert list(TRAIL.members(account.client, PLACE, "account")) == [
        ("us-east-1", "audit"),
        ("us-east-1", "data-events"),
    ]


@pytest.mark.parametrize(
    "name", ["audit", "a.b_c-d", "x" * 128, "arn:aws:cloudtrail:us-east-1:123456789012:trail/audit"]
)
def test_a_name_or_an_arn_names_a_trail(name: str) -> None:
    assert identify(TRAIL, PLACE, name).id == name.rpartition("/")[2]


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "x" * 129,
        "-audit",
        "audit-",
        "my--trail",
        "my-_trail",
        "audit\n",
        "audit*",
        "a/../b",
        "x" * 10_240,
        "arn:aws:cloudtrail:us-east-1:999999999999:trail/audit",
        "arn:aws:cloudtrail:eu-west-1:123456789012:trail/audit",
        "",
    ],
    ids=lambda name: repr(name[:30]),
)
def test_nothing_else_names_a_trail(name: str) -> None:
    with pytest.raises(InvalidInput):
        identify(TRAIL, PLACE, name)
