"""A bucket policy as long as S3 takes it goes through the definition, into the ledger and back."""

import json

from rightstate_cli.embedded.engine import Engine
from rightstate_cli.executions.executions import Start
from tests.support.member import broken, enable, session, start_input
from tests.support.undoing import arn_of, exempt, undo

LONGEST = 20 * 1024  # S3 User Guide, Bucket policies
POLICIES = ("s3-policy-not-public", "s3-policy-no-public-write", "s3-tls-only")


def test_the_longest_policy_is_changed_recorded_and_restored_byte_by_byte(hub: Engine) -> None:
    """Step Functions passes 256 KiB from state to state, and moto counts them."""
    enable(hub, *POLICIES)
    bucket, s3 = broken(POLICIES[0]), session().client("s3")
    text = longest(json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]))
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    [changed] = hub.run([Start(resource_type="s3-bucket", input=start_input(bucket))])
    assert (changed.outcome, changed.status) == ("remediated", "SUCCEEDED"), changed.reason
    left = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    assert [each["Sid"] for each in left["Statement"] if "Padding" not in each["Sid"]] == [
        "PartnerMayList",
        "AllowSSLRequestsOnly",
    ]
    exempt(hub, "s3-bucket", bucket, *POLICIES)
    undone = undo(hub, "s3-bucket", bucket, arn_of(hub, changed))
    assert undone.outcome == "undone", undone.reason
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text


def longest(policy: dict[str, list[dict[str, object]]]) -> str:
    """The policy with further statements, so that ours still has room."""
    room = 400
    number = 0
    while len(json.dumps(policy, indent=2)) < LONGEST - room:
        number += 1
        policy["Statement"].append({**policy["Statement"][1], "Sid": f"Padding{number}"})
    policy["Statement"].pop()
    return json.dumps(policy, indent=2)
