"""What S3 replaces whole: a bucket's policy, its logging and its lifecycle rules."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber
from moto import mock_aws

from rightstate.catalogue import load
from rightstate.errors import CallFailed
from rightstate.models.decision import Outcome, Status
from rightstate.resource_policy import NotUnderstood
from rightstate.resource_type import Resource
from tests.support.cycle import Account, enabled, make, plan, reasons, remediate, undo

BUCKET = load("s3-bucket")
OWNER = "123456789012"
RESOURCE = Resource(account=OWNER, region="us-east-1", id="payments")
ARN = "arn:aws:s3:::payments"
LOGS = f"access-logs-{OWNER}-us-east-1"
PUBLIC_READ = {
    "Sid": "Read",
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"{ARN}/*",
}
PUBLIC_BOTH = {**PUBLIC_READ, "Sid": "Both", "Action": ["s3:GetObjectTagging", "s3:PutObject"]}
PARTNER = {
    "Sid": "Partner",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
    "Action": "s3:ListBucket",
    "Resource": ARN,
}
RESTRICTED = {
    "BlockPublicAcls": False,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": True,
}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        made = Account()
        made.client("s3").create_bucket(Bucket="payments")
        yield made


def put_policy(account: Account, *statements: dict[str, Any]) -> str:
    text = json.dumps({"Version": "2012-10-17", "Id": "x", "Statement": statements}, indent=2)
    account.client("s3").put_bucket_policy(Bucket="payments", Policy=text)
    return text


def policy(account: Account) -> str:
    return str(account.client("s3").get_bucket_policy(Bucket="payments")["Policy"])


def statements(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(policy(account))["Statement"]
    return found


# --- The policy ---


def test_public_statements_go_others_stay_and_an_undo_has_the_text_byte_by_byte(account: Account) -> None:
    before = put_policy(account, PUBLIC_READ, PARTNER, PUBLIC_BOTH)
    decision = remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-not-public"))
    assert decision.outcome is Outcome.REMEDIATED
    assert statements(account) == [PARTNER]
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-not-public")).calls == ()
    make(BUCKET, account, RESOURCE, undo(BUCKET, account, RESOURCE, decision))
    assert policy(account) == before


def test_a_policy_without_other_statements_is_deleted_and_an_undo_puts_it_again(account: Account) -> None:
    before = put_policy(account, PUBLIC_READ)
    decision = remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-not-public"))
    assert account.calls[-1] == "s3:DeleteBucketPolicy"
    make(BUCKET, account, RESOURCE, undo(BUCKET, account, RESOURCE, decision))
    assert policy(account) == before


def test_what_the_public_may_write_goes_and_what_it_may_read_stays(account: Account) -> None:
    put_policy(account, PUBLIC_READ, PARTNER, PUBLIC_BOTH)
    remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-no-public-write"))
    assert statements(account) == [PUBLIC_READ, PARTNER, {**PUBLIC_BOTH, "Action": ["s3:GetObjectTagging"]}]


def test_requests_without_tls_are_denied_beside_the_statements_that_there_are(account: Account) -> None:
    put_policy(account, PARTNER)
    remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-tls-only"))
    first, tls = statements(account)
    assert first == PARTNER
    assert (tls["Effect"], tls["Resource"]) == ("Deny", [ARN, f"{ARN}/*"])
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-tls-only")).calls == ()


def test_without_a_policy_only_tls_is_asked_for_and_an_undo_deletes_it(account: Account) -> None:
    every = enabled(BUCKET, "s3-tls-only", "s3-policy-not-public", "s3-policy-no-public-write")
    decision = remediate(BUCKET, account, RESOURCE, every)
    assert decision.changes[0].policies == ("s3-tls-only",)
    make(BUCKET, account, RESOURCE, undo(BUCKET, account, RESOURCE, decision))
    assert account.calls[-1] == "s3:DeleteBucketPolicy"


def test_all_policies_about_it_are_one_change_and_one_put(account: Account) -> None:
    put_policy(account, PUBLIC_READ, PARTNER)
    every = enabled(BUCKET, "s3-tls-only", "s3-policy-not-public", "s3-policy-no-public-write")
    account.calls.clear()
    decision = remediate(BUCKET, account, RESOURCE, every)
    assert decision.changes[0].policies == ("s3-tls-only", "s3-policy-not-public")
    assert [call for call in account.calls if ":Put" in call] == ["s3:PutBucketPolicy"]
    assert [each["Sid"] for each in statements(account)] == ["Partner", "AllowSSLRequestsOnly"]


def test_what_somebody_adds_after_the_decision_stays(account: Account) -> None:
    put_policy(account, PUBLIC_READ)
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-not-public"))
    put_policy(account, PARTNER, PUBLIC_READ)
    make(BUCKET, account, RESOURCE, decision)
    assert statements(account) == [PARTNER]


@pytest.mark.parametrize("level", ["bucket", "account"])
def test_a_public_policy_that_s3_restricts_is_mitigated_and_stays(account: Account, level: str) -> None:
    put_policy(account, PUBLIC_BOTH)
    if level == "bucket":
        account.client("s3").put_public_access_block(
            Bucket="payments", PublicAccessBlockConfiguration=RESTRICTED
        )
    else:
        account.client("s3control").put_public_access_block(
            AccountId=OWNER, PublicAccessBlockConfiguration=RESTRICTED
        )
    both = enabled(BUCKET, "s3-policy-not-public", "s3-policy-no-public-write")
    decision = plan(BUCKET, account, RESOURCE, both)
    assert decision.outcome is Outcome.COMPLIANT
    assert all(reason.startswith("Mitigated") for reason in reasons(decision))


def test_where_s3_calls_a_policy_public_that_we_do_not_a_person_is_to_look(account: Account) -> None:
    put_policy(account, PARTNER)
    with Stubber(account.client("s3")) as stubber:
        stub_policy(stubber, PARTNER, is_public=True)
        decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-not-public"))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "Look at the policy by hand" in decision.reason


def test_where_s3_does_not_call_a_policy_public_that_we_do_it_is_held(account: Account) -> None:
    with Stubber(account.client("s3")) as stubber:
        stub_policy(stubber, PUBLIC_READ, is_public=False)
        decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-not-public"))
    assert (decision.calls, decision.verdicts[0].status) == ((), Status.HELD)


def stub_policy(stubber: Stubber, statement: dict[str, Any], *, is_public: bool) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    stubber.add_response(
        "get_public_access_block",
        {"PublicAccessBlockConfiguration": {**RESTRICTED, "RestrictPublicBuckets": False}},
    )
    stubber.add_response("get_bucket_policy", {"Policy": text})
    stubber.add_response("get_bucket_policy_status", {"PolicyStatus": {"IsPublic": is_public}})


def test_a_policy_that_names_a_deleted_user_is_held_because_s3_refuses_to_write_it(account: Account) -> None:
    # moto writes it.
    put_policy(account, PUBLIC_READ, {**PARTNER, "Principal": {"AWS": "AIDACKCEVSQ6C2EXAMPLE"}})
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-not-public"))
    assert decision.verdicts[0].status is Status.HELD
    assert "AIDACKCEVSQ6C2EXAMPLE" in decision.reason


def test_while_s3_blocks_public_policies_tls_waits_until_the_public_statement_is_gone(
    account: Account,
) -> None:
    # moto writes a public policy under BlockPublicPolicy; S3 refuses it.
    put_policy(account, PUBLIC_READ)
    blocked = {**RESTRICTED, "RestrictPublicBuckets": False, "BlockPublicPolicy": True}
    account.client("s3").put_public_access_block(Bucket="payments", PublicAccessBlockConfiguration=blocked)
    alone = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-tls-only"))
    assert (alone.outcome, alone.calls) == (Outcome.NOT_APPLICABLE, ())
    assert "s3-policy-not-public" in alone.reason
    both = remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-tls-only", "s3-policy-not-public"))
    assert both.changes[0].policies == ("s3-tls-only", "s3-policy-not-public")
    refused = undo(BUCKET, account, RESOURCE, both)
    assert (refused.apply, "BlockPublicPolicy" in refused.reason) == (False, True)


def test_a_website_is_exempt_from_tls_unless_the_account_says_otherwise(account: Account) -> None:
    account.client("s3").put_bucket_website(
        Bucket="payments", WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}}
    )
    exempt = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-tls-only"))
    assert exempt.outcome is Outcome.EXEMPT
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-tls-only", exempt_websites=False)).apply


def test_a_text_that_is_no_policy_stops_the_execution(account: Account) -> None:
    with Stubber(account.client("s3")) as stubber:
        stubber.add_client_error("get_public_access_block", "NoSuchPublicAccessBlockConfiguration")
        stubber.add_response("get_bucket_policy", {"Policy": '{"Statement": 7}'})
        with pytest.raises(NotUnderstood):
            plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-policy-no-public-write"))


# --- Logging ---


def create_logs(account: Account, name: str = LOGS) -> None:
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name)
    writer = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Statement": [writer]}))


def test_logs_go_to_the_bucket_of_the_account_and_region_under_the_buckets_name(account: Account) -> None:
    create_logs(account)
    decision = remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-access-logging"))
    logging = account.client("s3").get_bucket_logging(Bucket="payments")["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (LOGS, "payments/")
    make(BUCKET, account, RESOURCE, undo(BUCKET, account, RESOURCE, decision))
    assert "LoggingEnabled" not in account.client("s3").get_bucket_logging(Bucket="payments")


def test_logs_that_go_elsewhere_already_are_left_alone(account: Account) -> None:
    create_logs(account, "own-logs")
    account.client("s3").put_bucket_logging(
        Bucket="payments",
        BucketLoggingStatus={"LoggingEnabled": {"TargetBucket": "own-logs", "TargetPrefix": ""}},
    )
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-access-logging"))
    assert decision.outcome is Outcome.COMPLIANT


def test_the_target_bucket_does_not_log_into_itself(account: Account) -> None:
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-access-logging", target_bucket="payments"))
    assert decision.outcome is Outcome.NOT_APPLICABLE
    assert "would make another one" in decision.reason


KMS = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
RETENTION = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}


@pytest.mark.parametrize(
    ("encryption", "lock", "payer", "why"),
    [
        (KMS, None, "BucketOwner", "SSE-S3"),
        (None, RETENTION, "BucketOwner", "Object Lock"),
        (None, None, "Requester", "Requester Pays"),
    ],
    ids=["KMS", "Object Lock", "Requester Pays"],
)
def test_a_target_that_would_lose_the_logs_without_a_word_is_refused(
    account: Account, encryption: Any, lock: Any, payer: str, why: str
) -> None:
    create_logs(account)
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-access-logging"))
    with Stubber(account.client("s3")) as stubber:
        stubber.add_response("get_bucket_logging", {})
        if encryption:
            stubber.add_response("get_bucket_encryption", {"ServerSideEncryptionConfiguration": encryption})
        else:
            stubber.add_client_error(
                "get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"
            )
        if lock:
            stubber.add_response("get_object_lock_configuration", {"ObjectLockConfiguration": lock})
        else:
            stubber.add_client_error("get_object_lock_configuration", "ObjectLockConfigurationNotFoundError")
        if payer == "Requester":
            stubber.add_response("get_bucket_request_payment", {"Payer": payer})
        with pytest.raises(CallFailed, match=why):
            make(BUCKET, account, RESOURCE, decision)


def test_a_trail_bucket_logs_where_the_policy_about_trails_says(account: Account) -> None:
    account.client("cloudtrail").create_trail(Name="audit", S3BucketName="payments")
    both = enabled(BUCKET, "s3-access-logging") | enabled(
        BUCKET, "cloudtrail-bucket-access-logging", target_bucket="audit-logs"
    )
    decision = plan(BUCKET, account, RESOURCE, both)
    assert [change.after for change in decision.changes] == ["audit-logs"]


# --- The bucket of a trail ---


@pytest.mark.parametrize("policy", ["cloudtrail-bucket-not-public", "cloudtrail-bucket-access-logging"])
def test_a_bucket_that_no_trail_delivers_to_is_out_of_scope_unless_it_is_named(
    account: Account, policy: str
) -> None:
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, policy)).verdicts == ()
    named = plan(BUCKET, account, RESOURCE, enabled(BUCKET, policy, trail_bucket="payments"))
    assert named.apply
    account.client("cloudtrail").create_trail(Name="audit", S3BucketName="payments")
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, policy)).apply


# --- Lifecycle ---


def rules(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account.client("s3").get_bucket_lifecycle_configuration(Bucket="payments")[
        "Rules"
    ]
    return found


def put_rules(account: Account, *some: dict[str, Any]) -> None:
    account.client("s3").put_bucket_lifecycle_configuration(
        Bucket="payments", LifecycleConfiguration={"Rules": list(some)}
    )


def rule(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {
        "ID": name,
        "Status": status,
        "Expiration": {"Days": 365},
        **(more or {"Filter": {"Prefix": "a/"}}),
    }


def test_a_bucket_without_rules_gets_one_that_deletes_no_object_and_an_undo_deletes_it(
    account: Account,
) -> None:
    decision = remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-lifecycle"))
    [ours] = rules(account)
    assert ours["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}
    assert not {"Expiration", "Transitions", "NoncurrentVersionExpiration"} & ours.keys()
    make(BUCKET, account, RESOURCE, undo(BUCKET, account, RESOURCE, decision))
    assert account.calls[-1] == "s3:DeleteBucketLifecycle"


@pytest.mark.parametrize("form", [{"Filter": {"Prefix": "a/"}}, {"Prefix": "a/"}], ids=str)
def test_rules_that_are_disabled_stay_as_they_are_beside_ours_in_their_form(
    account: Account, form: dict[str, Any]
) -> None:
    put_rules(account, rule("old", "Disabled", **form))
    before = rules(account)
    decision = remediate(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-lifecycle"))
    *others, ours = rules(account)
    assert others == before
    assert ("Prefix" in ours) is ("Prefix" in form)
    make(BUCKET, account, RESOURCE, undo(BUCKET, account, RESOURCE, decision))
    assert rules(account) == before


def test_any_enabled_rule_is_enough(account: Account) -> None:
    put_rules(account, rule("old", "Enabled"))
    assert plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-lifecycle")).outcome is Outcome.COMPLIANT


def test_the_smallest_object_that_is_moved_stays_what_it_was(account: Account) -> None:
    decision = plan(BUCKET, account, RESOURCE, enabled(BUCKET, "s3-lifecycle"))
    with Stubber(account.client("s3")) as stubber:
        size = {"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"}
        stubber.add_response(
            "get_bucket_lifecycle_configuration",
            {"Rules": [{"ID": "old", "Status": "Disabled", "Filter": {"Prefix": ""}}], **size},
        )
        stubber.add_response("put_bucket_lifecycle_configuration", {})
        account.parameters.clear()
        make(BUCKET, account, RESOURCE, decision)
    _, sent = account.parameters[-1]
    assert sent["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"
