"""An AWS-compatible server in this process, with every call to it recorded."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

import boto3
from moto.cloudformation import responses as cloudformation
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.utils import get_stack_from_s3_url as _template_of_url
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse
from moto.iam.models import ManagedPolicy, iam_backends
from moto.server import ThreadedMotoServer

from rightstate_cli.simulation import examples, moto_gaps
from tests.support import direct_transport

OWN = DEFAULT_ACCOUNT_ID
"""The account of the user's credentials."""
REGION = "us-east-1"
_READS = ("Get", "Describe", "List", "Assume")


@dataclass
class Server:
    """An AWS-compatible server in this process. `calls` holds `service:Operation` of each request, `written`
    those of `calls` that were not reads, until each is cleared.

    `elsewhere` names the endpoints of services that another server has.
    """

    endpoint: str
    calls: list[str] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    _sessions: dict[tuple[str, str], boto3.Session] = field(default_factory=dict)

    def session(self, account: str = OWN, region: str = REGION) -> boto3.Session:
        """The account's own administrator."""
        if (account, region) not in self._sessions:
            self._sessions[account, region] = self._opened(account, region)
        return self._sessions[account, region]

    def forget(self) -> None:
        """Sign in anew from now on."""
        self._sessions.clear()

    def reset(self) -> None:
        """Have nothing in any account any more."""
        urlopen(Request(f"{self.endpoint}/moto-api/reset", method="POST")).close()  # noqa: S310 - ours
        self.forget()

    def _opened(self, account: str, region: str) -> boto3.Session:
        if account == OWN:
            return self._at({"aws_access_key_id": "own", "aws_secret_access_key": "own"}, region)
        keys = (
            self.session()
            .client("sts")
            .assume_role(RoleArn=f"arn:aws:iam::{account}:role/admin", RoleSessionName="admin")["Credentials"]
        )
        return self._at(
            {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            },
            region,
        )

    def make(
        self, resource_type: str, name: str, account: str = OWN, policy: str = "", region: str = REGION
    ) -> str:
        """A resource that breaks its policies; returns its identifier."""
        example = examples.load(resource_type)
        made = example.create(self.session(account, region), name, policy or example.policy)
        self.calls.clear()
        return made

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.split(":")[1].startswith(_READS)]

    @property
    def environment(self) -> dict[str, str]:
        """What a user sets to have the commands act on it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "own",
            "AWS_SECRET_ACCESS_KEY": "own",
            "AWS_DEFAULT_REGION": REGION,
        }

    def _at(self, keys: dict[str, str], region: str) -> boto3.Session:
        server = self

        class Session(boto3.Session):
            def client(self, service: str, **options: Any) -> Any:  # type: ignore[override]
                # To make one takes as long as a call.
                asked = (service, server.elsewhere.get(service, server.endpoint), *sorted(options.items()))
                if asked not in made:
                    made[asked] = super().client(service, endpoint_url=asked[1], **options)  # type: ignore[call-overload]
                return made[asked]

        made: dict[Any, Any] = {}

        return Session(region_name=region, **keys)


@contextmanager
def started() -> Iterator[Server]:
    """The server, while it lasts."""
    server = Server("")

    def recorded(self: BaseResponse, request: Any, *args: Any, **kwargs: Any) -> None:
        _set_up(self, request, *args, **kwargs)
        action = self._get_action() or request.method
        server.calls.append(f"{self.service_name}:{action}")
        if not action.startswith((*_READS, "GET", "HEAD")):
            server.written.add(f"{self.service_name}:{action}")

    _set_up = BaseResponse.setup_class
    threaded = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    with (
        moto_gaps.fill(),
        patch.object(BaseResponse, "setup_class", recorded),
        # CloudFormation deletes a managed policy with its stack, and updates it. moto does neither.
        patch.object(ManagedPolicy, "delete_from_cloudformation_json", classmethod(_delete_policy)),
        patch.object(ManagedPolicy, "update_from_cloudformation_json", classmethod(_update_policy)),
        # CloudFormation reads what the URL is of. moto looks in the caller's account for the bucket.
        patch.object(cloudformation, "get_stack_from_s3_url", _read_template),
        # moto updates what is not there, because its condition does not hold.
        patch.object(ResourceMap, "build_resource_diff", _of_what_is_there),
    ):
        threaded.start()
        host, port = threaded.get_host_and_port()
        server.endpoint = f"http://{host}:{port}"
        # Processes that a test starts come through the port.
        with direct_transport.handed_to(threaded._server.app, port):
            yield server
        threaded.stop()


def _read_template(url: str, **given: Any) -> str:
    if "//127.0.0.1:" not in url:
        return _template_of_url(url, **given)
    with urlopen(url) as answer:  # noqa: S310 - ours
        return str(answer.read().decode())


def _of_what_is_there(self: ResourceMap, *given: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = _build_resource_diff(self, *given)
    there = {name for name, resource in self._parsed_resources.items() if resource is not None}
    return {**found, "Modify": [name for name in found["Modify"] if name in there]}


_build_resource_diff = ResourceMap.build_resource_diff


def _delete_policy(cls: Any, resource_name: str, resource: Any, account_id: str, region_name: str) -> None:
    del iam_backends[account_id]["aws"].managed_policies[resource_name]


def _update_policy(cls: Any, original_resource: Any, cloudformation_json: Any, **given: Any) -> Any:
    original_resource.document = json.dumps(cloudformation_json["Properties"]["PolicyDocument"])
    return original_resource
