"""What is read of a bucket, what is written, and what is left as it is."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from rightstate.catalogue import find_policy, load
from rightstate.models.decision import Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, enabled, plan, reasons, remediate

BUCKET = load("s3-bucket")
OWNER = "123456789012"
RESOURCE = Resource(account=OWNER, region="us-east-1", id="payments")
GROUPS = "http://acs.amazonaws.com/groups/"
PUBLIC = ("global/AllUsers", "global/AuthenticatedUsers")
PERMISSIONS = ("FULL_CONTROL", "READ", "READ_ACP", "WRITE", "WRITE_ACP")
ALL_TRUE = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        made = Account()
        made.client("s3").create_bucket(Bucket="payments")
        yield made


def group(uri: str, permission: str) -> dict[str, Any]:
    return {"Grantee": {"Type": "Group", "URI": GROUPS + uri}, "Permission": permission}


def put_grants(account: Account, *grants: dict[str, Any]) -> None:
    s3 = account.client("s3")
    acl = s3.get_bucket_acl(Bucket="payments")
    policy = {"Owner": acl["Owner"], "Grants": [*acl["Grants"], *grants]}
    s3.put_bucket_acl(Bucket="payments", AccessControlPolicy=policy)


def written(account: Account) -> list[str]:
    return [call for call in account.calls if ":Put" in call]


@pytest.mark.parametrize("permission", PERMISSIONS)
@pytest.mark.parametrize("uri", PUBLIC)
def test_each_public_grant_breaks_the_policy_about_it_and_is_removed(
    account: Account, uri: str, permission: str
) -> None:
    put_grants(account, group(uri, permission))
    who = "public" if uri == PUBLIC[0] else "authenticated"
    policy = f"s3-acl-no-{who}-{permission.lower().replace('_', '-')}"
    decision = remediate(BUCKET, account, RESOURCE, enabled(BUCKET, policy))
    assert decision.outcome is Outcome.REMEDIATED
    assert len(account.client("s3").get_bucket_acl(Bucket="payments")["Grants"]) == 1
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, policy)).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize("permission", PERMISSIONS[1:])
def test_full_control_implies_every_other_permission(account: Account, permission: str) -> None:
    put_grants(account, group("global/AllUsers", "FULL_CONTROL"))
    policy = f"s3-acl-no-public-{permission.lower().replace('_', '-')}"
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, policy)).apply


def test_a_policy_removes_no_grant_but_the_one_that_it_is_about(account: Account) -> None:
    put_grants(account, group("global/AllUsers", "READ"), group("global/AllUsers", "WRITE"))
    remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-acl-no-public-read"))
    left = account.client("s3").get_bucket_acl(Bucket="payments")["Grants"]
    assert [grant["Permission"] for grant in left] == ["FULL_CONTROL", "WRITE"]


grants = st.lists(
    st.tuples(
        st.sampled_from([*PUBLIC, "s3/LogDelivery"]),
        st.sampled_from(PERMISSIONS),
    ),
    unique=True,
    max_size=8,
)


@given(
    grants,
    st.sets(st.sampled_from([p.id for p in BUCKET.policies if p.id.startswith("s3-acl")]), min_size=1),
)
@settings(max_examples=25)
def test_grants_that_no_policy_names_come_out_as_they_went_in(
    given_grants: list[tuple[str, str]], policies: set[str]
) -> None:
    with mock_aws():
        account = Account()
        s3 = account.client("s3")
        s3.create_bucket(Bucket="payments")
        put_grants(account, *(group(*each) for each in given_grants))
        before = s3.get_bucket_acl(Bucket="payments")["Grants"]
        remediate(BUCKET, account, RESOURCE, enabled(BUCKET, *policies))
        after = s3.get_bucket_acl(Bucket="payments")["Grants"]
        forbidden = {
            item
            for policy in BUCKET.policies
            if policy.id in policies
            for item in policy.wants["Grants"].model_dump()["items"]
        }
        kept = [
            grant
            for grant in before
            if f"{grant['Grantee'].get('URI', '').rpartition('/')[2]} {grant['Permission']}" not in forbidden
        ]
        assert after == kept
        account.calls.clear()
        remediate(BUCKET, account, RESOURCE, enabled(BUCKET, *policies))
        assert written(account) == []


def test_a_grant_added_after_the_decision_is_kept_if_no_policy_forbids_it(account: Account) -> None:
    put_grants(account, group("global/AllUsers", "READ"))
    policies = enabled(BUCKET, "s3-acl-no-public-read")
    decision = plan(BUCKET, account, RESOURCE, policies)
    put_grants(account, group("s3/LogDelivery", "WRITE"))
    BUCKET.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
    left = account.client("s3").get_bucket_acl(Bucket="payments")["Grants"]
    assert [grant["Grantee"].get("URI", "owner") for grant in left] == ["owner", GROUPS + "s3/LogDelivery"]


def test_a_grant_that_was_removed_after_the_decision_is_not_added_again(account: Account) -> None:
    put_grants(account, group("global/AllUsers", "READ"), group("global/AllUsers", "WRITE"))
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-acl-no-public-read"))
    account.client("s3").put_bucket_acl(Bucket="payments", ACL="public-read")
    BUCKET.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
    left = account.client("s3").get_bucket_acl(Bucket="payments")["Grants"]
    assert [grant["Permission"] for grant in left] == ["FULL_CONTROL"]


def test_an_acl_that_somebody_else_has_mended_meanwhile_is_not_written(account: Account) -> None:
    put_grants(account, group("global/AllUsers", "READ"))
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-acl-no-public-read"))
    account.client("s3").put_bucket_acl(Bucket="payments", ACL="private")
    account.calls.clear()
    BUCKET.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
    assert written(account) == []


def test_the_public_access_block_is_put_before_the_acl(account: Account) -> None:
    put_grants(account, group("global/AllUsers", "READ"))
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET))
    assert [call.operation for call in decision.calls] == [
        "PutBucketPolicy",
        "PutPublicAccessBlock",
        "PutBucketAcl",
        "PutBucketVersioning",
        "PutBucketEncryption",
        "PutBucketAccelerateConfiguration",
        "PutBucketLogging",
        "PutBucketLifecycleConfiguration",
    ]


def test_all_policies_together_read_each_setting_once(account: Account) -> None:
    account.calls.clear()
    plan(BUCKET, account, RESOURCE, enabled(BUCKET))
    assert sorted(account.calls) == [
        "cloudtrail:DescribeTrails",
        "s3:GetBucketAccelerateConfiguration",
        "s3:GetBucketAcl",
        "s3:GetBucketEncryption",
        "s3:GetBucketLifecycleConfiguration",
        "s3:GetBucketLogging",
        "s3:GetBucketOwnershipControls",
        "s3:GetBucketPolicy",
        "s3:GetBucketPolicyStatus",
        "s3:GetBucketVersioning",
        "s3:GetBucketWebsite",
        "s3:GetPublicAccessBlock",
        "s3control:GetPublicAccessBlock",
    ]


def test_every_call_names_the_owner_that_the_bucket_must_have(account: Account) -> None:
    put_grants(account, group("global/AllUsers", "READ"))
    examples.load("s3-bucket").create(boto3.Session(region_name="us-east-1"), "other", "s3-access-logging")
    account.parameters.clear()
    remediate(BUCKET, account, RESOURCE, enabled(BUCKET))
    of_buckets = [given for name, given in account.parameters if "Bucket" in given]
    # DescribeTrails, and the public access block of the account.
    assert len(of_buckets) == len(account.parameters) - 2
    assert all(given["ExpectedBucketOwner"] == OWNER for given in of_buckets)


@pytest.mark.parametrize(
    ("status", "broken"), [(None, True), ("Suspended", True), ("Enabled", False)], ids=str
)
def test_versioning_that_is_not_enabled_is_broken(account: Account, status: str | None, broken: bool) -> None:
    if status:
        account.client("s3").put_bucket_versioning(
            Bucket="payments", VersioningConfiguration={"Status": status}
        )
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-versioning")).apply is broken


def test_an_encryption_stronger_than_the_target_is_left_alone(account: Account) -> None:
    put_encryption(account, "aws:kms", "alias/own")
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-default-encryption"))
    assert decision.outcome is Outcome.COMPLIANT


def test_a_changed_algorithm_keeps_the_rest_of_the_rule(account: Account) -> None:
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    s3 = account.client("s3")
    decision = plan(
        BUCKET,
        account,
        RESOURCE,
        enabled(BUCKET, "s3-default-encryption", allowed_algorithms=["aws:kms"], target="aws:kms"),
    )
    with Stubber(s3) as stubber:
        stubber.add_response(
            "get_bucket_encryption", {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}
        )
        stubber.add_response(
            "put_bucket_encryption",
            {},
            {
                "Bucket": "payments",
                "ExpectedBucketOwner": OWNER,
                "ServerSideEncryptionConfiguration": {
                    "Rules": [{**rule, "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
                },
            },
        )
        BUCKET.apply(account.client, RESOURCE, decision.calls[0], decision.changes)
        stubber.assert_no_pending_responses()


def test_the_account_level_block_satisfies_and_does_not_where_the_account_says_so(account: Account) -> None:
    account.client("s3control").put_public_access_block(
        AccountId=OWNER, PublicAccessBlockConfiguration=ALL_TRUE
    )
    name = "s3-block-public-access"
    accepted = plan(BUCKET, account, RESOURCE, enabled(BUCKET, name))
    assert (accepted.outcome, accepted.reason) == (
        Outcome.COMPLIANT,
        "The account blocks public access to all its buckets.",
    )
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, name, accept_account_level=False)).apply


@pytest.mark.parametrize("level", ["bucket", "account"])
def test_public_grants_that_s3_ignores_are_mitigated_and_stay(account: Account, level: str) -> None:
    put_grants(account, group("global/AllUsers", "READ"))
    ignore = {**dict.fromkeys(ALL_TRUE, False), "IgnorePublicAcls": True}
    if level == "bucket":
        account.client("s3").put_public_access_block(Bucket="payments", PublicAccessBlockConfiguration=ignore)
    else:
        account.client("s3control").put_public_access_block(
            AccountId=OWNER, PublicAccessBlockConfiguration=ignore
        )
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-acl-no-public-read"))
    assert decision.outcome is Outcome.COMPLIANT
    assert decision.reason.startswith("Mitigated")


def test_a_website_is_blocked_unless_the_account_exempts_websites_which_is_told(account: Account) -> None:
    """Whoever may call PutBucketWebsite must not exempt a bucket with it."""
    account.client("s3").put_bucket_website(
        Bucket="payments", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    name = "s3-block-public-access"
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, name)).apply
    spared = plan(BUCKET, account, RESOURCE, enabled(BUCKET, name, exempt_websites=True))
    assert (spared.apply, spared.outcome) == (False, Outcome.EXEMPT)
    [verdict] = spared.verdicts
    assert (verdict.status, verdict.rule) == (Status.EXEMPT, "case website")
    assert "exempt_websites" in verdict.reason
    assert {each.setting for each in verdict.findings} == set(find_policy(name)[1].wants)


def test_disabled_acls_are_not_applicable_because_aws_refuses_to_write_them(account: Account) -> None:
    # moto takes the ACL; AWS answers AccessControlListNotSupported.
    put_grants(account, group("global/AllUsers", "READ"))
    account.client("s3").put_bucket_ownership_controls(
        Bucket="payments", OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-acl-no-public-read"))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "BucketOwnerEnforced" in decision.reason


def test_mfa_delete_leaves_versioning_to_the_root_user(account: Account) -> None:
    policies = enabled(BUCKET, "s3-versioning")
    s3 = account.client("s3")
    with Stubber(s3) as stubber:
        stubber.add_response("get_bucket_versioning", {"Status": "Suspended", "MFADelete": "Enabled"})
        decision = plan(BUCKET, account, RESOURCE, policies)
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "root user" in decision.reason


def test_public_grants_that_no_policy_names_do_not_have_s3_refuse_the_acl(account: Account) -> None:
    """S3 refuses an ACL that still grants to the public once BlockPublicAcls is on; moto takes it."""
    put_grants(account, group("global/AllUsers", "READ"), group("global/AllUsers", "WRITE"))
    both = enabled(BUCKET, "s3-block-public-access", "s3-acl-no-public-write")
    operations = [call.operation for call in plan(BUCKET, account, RESOURCE, both).calls]
    assert operations == ["PutBucketAcl", "PutPublicAccessBlock"]
    all_named = enabled(BUCKET, "s3-block-public-access", "s3-acl-no-public-write", "s3-acl-no-public-read")
    operations = [call.operation for call in plan(BUCKET, account, RESOURCE, all_named).calls]
    assert operations == ["PutPublicAccessBlock", "PutBucketAcl"]


@pytest.mark.parametrize("name", ["Old.Bucket", "OLD-BUCKET", "old_bucket", "x" * 64])
def test_a_name_that_is_no_dns_label_cannot_be_accelerated(account: Account, name: str) -> None:
    named = RESOURCE.model_copy(update={"id": name})
    decision = plan(BUCKET, account, named, enabled(BUCKET, "s3-transfer-acceleration"))
    assert (decision.outcome, account.calls) == (Outcome.NOT_APPLICABLE, ["s3:CreateBucket"])


def test_a_dotted_name_cannot_be_accelerated(account: Account) -> None:
    account.client("s3").create_bucket(Bucket="logs.example.com")
    dotted = RESOURCE.model_copy(update={"id": "logs.example.com"})
    decision = plan(BUCKET, account, dotted, enabled(BUCKET, "s3-transfer-acceleration"))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "dot" in decision.reason


@pytest.mark.parametrize("code", ["MethodNotAllowed", "UnsupportedArgument", "InvalidRequest"])
def test_a_region_without_acceleration_is_not_applicable(account: Account, code: str) -> None:
    s3 = account.client("s3")
    with Stubber(s3) as stubber:
        stubber.add_client_error("get_bucket_accelerate_configuration", code)
        decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-transfer-acceleration"))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "region" in decision.reason


@pytest.mark.parametrize("name", ["cache--use1-az4--x-s3", "tables--table-s3"])
def test_directory_and_table_buckets_are_not_applicable_without_a_call(account: Account, name: str) -> None:
    account.calls.clear()
    decision = plan(BUCKET, account, RESOURCE.model_copy(update={"id": name}), enabled(BUCKET))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert {verdict.status for verdict in decision.verdicts} == {Status.NOT_APPLICABLE}
    assert len(reasons(decision)) == len([each for each in BUCKET.policies if each.scope is None])
    assert account.calls == []


def test_buckets_are_listed_by_region_and_all_belong_to_the_account(account: Account) -> None:
    Account("eu-west-1").client("s3").create_bucket(
        Bucket="european", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    place = Place(account=OWNER, region="eu-west-1")
    assert list(BUCKET.find(account.client, place)) == ["european"]
    assert BUCKET.members is not None
    assert sorted(BUCKET.members(account.client, place, "account")) == [
        ("eu-west-1", "european"),
        ("us-east-1", "payments"),
    ]


def put_encryption(account: Account, algorithm: str, key: str) -> None:
    account.client("s3").put_bucket_encryption(
        Bucket="payments",
        ServerSideEncryptionConfiguration={
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, "KMSMasterKeyID": key},
                    "BucketKeyEnabled": True,
                }
            ]
        },
    )
