"""What AWS refuses is told as one sentence with the next step, and ends with exit code 2."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, UnauthorizedSSOTokenError

from rightstate.errors import Denied, InvalidInput, RightstateError, Unavailable
from rightstate_cli.aws import Caller, answers
from rightstate_cli.hub import deployment as hub


def refused(code: str, status: int = 400) -> ClientError:
    metadata: Any = {"HTTPStatusCode": status}
    given: Any = {"Error": {"Code": code, "Message": "SECRET"}, "ResponseMetadata": metadata}
    return ClientError(given, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "raised", "said"),
    [
        (refused("ExpiredToken"), Denied, "have expired"),
        (refused("InvalidClientTokenId"), Denied, "cannot be used"),
        (refused("AccessDenied", 403), Denied, "lack a permission: DescribeStacks was answered with"),
        (refused("InternalFailure", 500), Unavailable, "Try again"),
        (refused("Gone"), InvalidInput, "There is none."),
        (refused("Other"), InvalidInput, "DescribeStacks was answered with Other"),
        (NoCredentialsError(), Denied, "There are no AWS credentials."),
        (UnauthorizedSSOTokenError(), Denied, "aws sso login"),
    ],
)
def test_a_refusal_says_what_to_do_and_never_what_aws_repeats(
    error: Exception, raised: type[RightstateError], said: str
) -> None:
    with pytest.raises(raised) as told, answers("Nothing was changed.", gone={"Gone": "There is none."}):
        raise error
    assert said in str(told.value)
    assert "SECRET" not in str(told.value)


class Session:
    """A CloudFormation that has one stack, in that state and of that description."""

    def __init__(self, status: str, description: str) -> None:
        self.stack = {"StackStatus": status, "Description": description, "Outputs": []}

    def client(self, service: str, **options: Any) -> Any:
        return self

    def describe_stacks(self, **named: Any) -> Any:
        return {"Stacks": [self.stack]}


@pytest.mark.parametrize(
    ("status", "description", "said"),
    [
        ("ROLLBACK_COMPLETE", "Rightstate, the hub", "is ROLLBACK_COMPLETE. Nothing was changed."),
        ("UPDATE_IN_PROGRESS", "Rightstate, the hub", "Wait until it is complete"),
        ("CREATE_COMPLETE", "Somebody's network", "is not a hub of Rightstate"),
    ],
)
def test_a_stack_that_is_no_usable_hub_is_refused(
    monkeypatch: pytest.MonkeyPatch, status: str, description: str, said: str
) -> None:
    caller = Caller(Session(status, description), "111122223333", "arn", "eu-west-1", "aws")
    monkeypatch.setattr(hub, "sign_in", lambda *given: caller)
    with pytest.raises(InvalidInput) as told:
        hub.find("rightstate")
    assert said in str(told.value)


def test_a_service_has_one_client_in_each_region() -> None:
    class Session:
        def client(self, service: str, **given: Any) -> Any:
            return object()

    caller = Caller(Session(), "111122223333", "arn", "eu-west-1", "aws")
    assert caller.client("sts") is caller.client("sts", "eu-west-1")
    assert caller.client("sts") is not caller.client("sts", "us-east-1")
    assert caller.client("sts") is not caller.client("s3")
