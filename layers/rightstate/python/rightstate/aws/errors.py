"""AWS errors -> the vocabulary that the definition's Retry and Catch name."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from rightstate.errors import (
    CallFailed,
    Denied,
    NotReady,
    ResourceGone,
    RightstateError,
    Throttled,
    Unavailable,
)

# The codes by which botocore's own retry handler knows throttling (botocore.retries.standard).
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
    # A service's word for the throttling of another one that it calls for us.
    "DependentServiceRequestThrottlingFault",
    "KMSThrottlingException",
    # StartExecution, while as many executions run as the account may have (Step Functions API reference).
    "ExecutionLimitExceeded",
}
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthFailure",
    "UnauthorizedOperation",
    "AllAccessDisabled",
    "Forbidden",
    "403",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
    "OptInRequired",
    "KMSAccessDeniedException",
}


@contextmanager
def named_errors(gone: tuple[str, ...] = (), busy: tuple[str, ...] = ()) -> Iterator[None]:
    """Raise botocore's errors as ours.

    A message of ours holds the operation, the error code and the request id, never AWS's message,
    which may repeat the request. `gone` and `busy` are the resource type's codes for those.
    """
    try:
        yield
    except ClientError as error:
        raise _named(error, gone, busy) from None
    except (ConnectionError, HTTPClientError) as error:
        raise Unavailable(f"AWS could not be reached: {type(error).__name__}. It is tried again.") from None
    except ResponseParserError:
        # A page of a proxy or load balancer, where an answer of the service should be.
        raise Unavailable("The answer to a call is not one of AWS. It is tried again.") from None
    except NoCredentialsError:
        raise Denied("There are no AWS credentials. Nothing was changed.") from None
    except BotoCoreError as error:
        raise CallFailed(f"The call could not be made: {type(error).__name__}.") from None


def _named(error: ClientError, gone: tuple[str, ...], busy: tuple[str, ...]) -> RightstateError:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    called = f"{error.operation_name} was answered with {code}"
    request = metadata.get("RequestId")
    called += f" (request {request})." if request else "."
    if code in gone:
        return ResourceGone(f"The resource does not exist: {called}")
    if code in busy:
        return NotReady(f"The resource is busy: {called}")
    if code in _THROTTLED or status == 429:
        return Throttled(f"AWS asks for fewer calls: {called}")
    if code in _DENIED or status == 403:
        return Denied(
            f"AWS refused: {called} Allow the action to the role, and look for a service control "
            "policy or a resource policy that denies it."
        )
    if status >= 500:
        return Unavailable(f"AWS has a fault: {called}")
    return CallFailed(f"{called} CloudTrail's record of the call says why.")
