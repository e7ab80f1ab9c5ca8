"""The user's own credentials, and AWS's answers to them as sentences."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from rightstate.aws.sessions import CONFIG
from rightstate.errors import Denied, InvalidInput, Unavailable
from rightstate.identify import shown
from rightstate.models.names import ACCOUNT, REGION
from rightstate.resource_type import Place

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
"""The codes with which AWS says that the credentials lack a permission."""

_lock = Lock()


@dataclass(frozen=True)
class Caller:
    """Whom the credentials belong to, and the region that the command is about.

    `user_id` is the unique id that IAM knows as aws:userid, of a role with the session's name.
    """

    session: Any
    account: str
    arn: str
    region: str
    partition: str
    user_id: str = ""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of that service, in the region of the command unless another is named."""
        place = (service, region or self.region)
        # boto3 guide, Session: creating clients is not thread-safe; using them is.
        with _lock:
            if place not in self._clients:
                self._clients[place] = self.session.client(service, region_name=place[1], config=CONFIG)
            return self._clients[place]


def sign_in(region: str | None = None, profile: str | None = None) -> Caller:
    """Find the credentials and prove them, with GetCallerIdentity.

    Raises InvalidInput (region, profile or configuration), Denied (credentials), Unavailable.
    """
    try:
        session = boto3.Session(profile_name=profile)
        # The AWS CLI reads AWS_REGION, boto3 does not.
        region = region or os.environ.get("AWS_REGION") or session.region_name
        if not region:
            raise InvalidInput("No region is known. Give --region, or set AWS_DEFAULT_REGION.")
        checked_region(region)
        partition = session.get_partition_for_region(region)
        with answers("Nothing was changed."):
            sts = session.client("sts", region_name=region, config=CONFIG)
            identity = sts.get_caller_identity()
    except ProfileNotFound:
        raise InvalidInput(
            f"There is no AWS profile {shown(profile or os.environ.get('AWS_PROFILE', ''))}. "
            "`aws configure list-profiles` lists them."
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise InvalidInput(f"The AWS configuration cannot be used. {error}") from None
    return Caller(
        session, str(identity["Account"]), str(identity["Arn"]), region, partition, str(identity["UserId"])
    )


def bucket_place(caller: Caller, arn: str) -> Place | None:
    """The account and region of a bucket, whose ARN names neither. None where the ARN is not a bucket's, or
    where the bucket is not the caller's own.

    HeadBucket with ExpectedBucketOwner fails for a bucket of another account (S3 API reference).
    """
    found = re.fullmatch(r"arn:[a-z-]+:s3:::([^/]+)", arn)
    if not found:
        return None
    try:
        answer = caller.client("s3").head_bucket(Bucket=found[1], ExpectedBucketOwner=caller.account)
    except (BotoCoreError, ClientError):
        return None
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    region = headers.get("x-amz-bucket-region", caller.region)
    return Place(account=caller.account, region=region, partition=caller.partition)


def checked_account(account: str) -> str:
    """The account, if it looks like one. Raises InvalidInput."""
    if not re.fullmatch(ACCOUNT, account):
        raise InvalidInput(f"{shown(account)} is not an account id, which has 12 digits.")
    return account


def checked_region(region: str) -> str:
    """The region, if it looks like one. Raises InvalidInput."""
    if not re.fullmatch(REGION, region):
        raise InvalidInput(f"{shown(region)} is not a region; they look like eu-west-1.")
    return region


@contextmanager
def answers(unchanged: str, gone: dict[str, str] | None = None) -> Iterator[None]:
    """Raise what AWS refuses as a sentence with the next step.

    `unchanged` says what the refusal leaves as it was. `gone` maps error codes that the caller expects to
    the sentence for them (InvalidInput). Raises Denied, Unavailable, InvalidInput.
    """
    try:
        yield
    except (NoCredentialsError, CredentialRetrievalError):
        raise Denied(
            "There are no AWS credentials. Configure them as for the AWS CLI: https://docs.aws.amazon.com"
            "/cli/latest/userguide/cli-chap-configure.html"
        ) from None
    except (UnauthorizedSSOTokenError, TokenRetrievalError):
        raise Denied(f"The AWS sign-in has expired. {unchanged} Renew it with `aws sso login`.") from None
    except ClientError as error:
        raise _refused(error, unchanged, gone or {}) from None
    except (ConnectionError, HTTPClientError) as error:
        # botocore names the endpoint in these.
        endpoint = str(getattr(error, "kwargs", {}).get("endpoint_url", "AWS")).rstrip("/")
        raise Unavailable(
            f"{endpoint} does not answer ({type(error).__name__}). {unchanged} Look at the network, the "
            "region, and AWS_ENDPOINT_URL if it is set."
        ) from None


def _refused(error: ClientError, unchanged: str, gone: dict[str, str]) -> Exception:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    called = f"{error.operation_name} was answered with {code}."
    if code in gone:
        return InvalidInput(f"{gone[code]} {unchanged}")
    if code in _EXPIRED:
        return Denied(f"The AWS credentials have expired: {called} {unchanged} Renew them and try again.")
    if code in _UNKNOWN:
        return Denied(f"The AWS credentials cannot be used: {called} {unchanged}")
    if code in DENIED:
        return Denied(
            f"The AWS credentials lack a permission: {called} {unchanged} Allow them that action, or "
            "use others."
        )
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status >= 500:
        return Unavailable(f"AWS has a fault: {called} {unchanged} Try again.")
    return InvalidInput(f"AWS refused: {called} {unchanged}")
