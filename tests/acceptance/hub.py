"""A hub as a user has it: built and deployed by SAM, reached over HTTP."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import boto3
from boto3.dynamodb.types import TypeDeserializer

from rightstate.aws.sessions import reading_role
from rightstate.catalogue import find_policy
from rightstate.models.settings import Account, Enabled
from rightstate.policy import Mode
from rightstate_cli.application import events
from rightstate_cli.executions import executions
from rightstate_cli.executions.executions import Execution
from rightstate_cli.hub import deployment as hubs
from rightstate_cli.simulation import examples
from rightstate_cli.simulation.accounts import role_arn
from tests.acceptance.emulator import ACCOUNT, CREDENTIALS, PATIENT, plain
from tests.support import registering
from tests.support.server import REGION

PROJECT = Path(__file__).parents[2]
_SECONDS = 120
"""What takes longer is taken for hung."""

T = TypeVar("T")


def build(folder: Path) -> Path:
    """`sam build` for this Python, with which ministack runs the functions; returns the built template.

    On Linux; elsewhere the layer would want wheels that its lock does not promise.
    """
    _sam(
        "build",
        f"--build-dir={folder}",
        LAYER_PYTHON=f"{sys.version_info.major}.{sys.version_info.minor}",
        LAYER_PLATFORM=f"manylinux2014_{platform.machine()}",
    )
    return folder / "template.yaml"


@cache
def client(service: str, endpoint: str) -> Any:
    """A client of the hub's account there."""
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        config=PATIENT,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


@dataclass
class Hub:
    """An installation. What it is called is its stack's name."""

    endpoint: str
    stack: str = "rightstate"

    def deploy(self, template: Path, **parameters: str) -> None:
        """`sam deploy`, which is the upgrade too."""
        overrides = [f"{name}={value}" for name, value in parameters.items()]
        self._sam_here(
            "deploy",
            f"--template-file={template}",
            # Which it looks for beside the template.
            f"--config-file={PROJECT / 'samconfig.toml'}",
            f"--stack-name={self.stack}",
            "--no-confirm-changeset",
            *(["--parameter-overrides", *overrides] if overrides else []),
        )

    def copied(self, stack: str, altered: Callable[[str], str] = str, **parameters: str) -> "Hub":
        """Another installation, of the template that SAM has packaged for this one.

        SAM takes seven seconds of a processor to deploy; CloudFormation is asked for the same here.
        """
        cloudformation = self.client("cloudformation")
        packaged = cloudformation.get_template(StackName=self.stack, TemplateStage="Original")
        s3, bucket = self.client("s3"), f"templates-of-{stack}"
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="template", Body=altered(packaged["TemplateBody"]).encode())
        cloudformation.create_stack(
            StackName=stack,
            TemplateURL=f"{self.endpoint}/{bucket}/template",
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": _SECONDS}
        )
        s3.delete_object(Bucket=bucket, Key="template")
        s3.delete_bucket(Bucket=bucket)
        return Hub(self.endpoint, stack)

    def remove(self) -> None:
        self._sam_here("delete", f"--stack-name={self.stack}", f"--region={REGION}", "--no-prompts")

    def client(self, service: str) -> Any:
        return client(service, self.endpoint)

    @property
    def outputs(self) -> dict[str, str]:
        [stack] = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    # --- Settings and ledger ---

    def configure(self, account: Account) -> None:
        registering.register(self.seen, account)

    @property
    def seen(self) -> hubs.Hub:
        """The hub, as the commands see it."""
        session = SimpleNamespace(client=lambda service, *args, **kwargs: self.client(service))
        return registering.hub_of(session, ACCOUNT, REGION, self.stack, self.outputs)

    def enable(self, *policies: str, account: str = ACCOUNT, role: str = "") -> None:
        """Settings in which those policies are enabled, and no other."""
        enabled = {
            policy: Enabled(mode=Mode.AUTO, parameters=find_policy(policy)[1].examples) for policy in policies
        }
        arn = role or role_arn(account)
        self.configure(
            Account(
                account=account,
                role_arn=arn,
                read_role_arn=reading_role(arn),
                external_id="shared",
                policies=enabled,
            )
        )

    def forget(self, account: str) -> None:
        """No settings for the account any more."""
        registering.forget(self.seen, account)

    def entry(self, execution: Execution) -> dict[str, Any]:
        """The ledger's entry of the execution."""
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.outputs["LedgerTable"])
        read = TypeDeserializer().deserialize
        # A canary's entry has no execution.
        items = (item for page in pages for item in page["Items"] if "execution" in item)
        entries = [read({"M": item}) for item in items]
        [found] = [entry for entry in entries if entry["execution"].endswith(f":{execution.name}")]
        return found

    # --- Events and executions ---

    def send(self, *sent: Mapping[str, Any]) -> list[str]:
        """Put the events on the bus, as they are sent again; returns the ids that EventBridge gives them."""
        answer = self.client("events").put_events(
            Entries=[
                {
                    "Source": "rightstate.replay",
                    "DetailType": event["detail-type"],
                    "Detail": json.dumps(event["detail"]),
                }
                for event in sent
            ]
        )
        assert answer["FailedEntryCount"] == 0
        return [entry["EventId"] for entry in answer["Entries"]]

    def start(self, resource_type: str, given: Mapping[str, Any]) -> str:
        """Start an execution by hand, of the version that the alias names; returns its ARN."""
        answer = self.client("stepfunctions").start_execution(
            stateMachineArn=f"{self.machine(resource_type)}:live", input=json.dumps(given)
        )
        return str(answer["executionArn"])

    def machine(self, resource_type: str) -> str:
        return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{self.stack}-{resource_type}"

    def started_by(self, event: str, resource_type: str) -> list[str]:
        """ARNs of the executions that the event has started until now."""
        states = self.client("stepfunctions")
        pages = states.get_paginator("list_executions").paginate(stateMachineArn=self.machine(resource_type))
        arns = [each["executionArn"] for page in pages for each in page["executions"]]
        inputs = {arn: json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in arns}
        return [arn for arn, given in inputs.items() if (given.get("event") or {}).get("id") == event]

    def follow(self, event: str, resource_type: str) -> Execution:
        """The one execution that the event starts, when it has ended."""
        [arn] = awaited(lambda: self.started_by(event, resource_type))
        return self.ended(arn)

    def ended(self, arn: str) -> Execution:
        states = self.client("stepfunctions")
        machine = arn.rsplit(":", 2)[1].removeprefix(f"{self.stack}-")

        def described() -> Any:
            now = states.describe_execution(executionArn=arn)
            return now if now["status"] != "RUNNING" else None

        return executions.read(states, awaited(described), machine)

    # --- SAM ---

    def _sam_here(self, *arguments: str) -> None:
        _sam(*arguments, AWS_ENDPOINT_URL=self.endpoint, **CREDENTIALS)


def awaited(look: Callable[[], T | None]) -> T:
    """What `look` returns once it is something."""
    for _ in _until(_SECONDS):
        if found := look():
            return found
    raise TimeoutError(f"Nothing came of {look} for {_SECONDS} seconds.")


def _until(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.05)


def event_about(resource_type: str, policy: str, resource: str) -> dict[str, Any]:
    """The shipped event that says that such a resource has changed, about this one."""
    example = examples.load(resource_type)
    [event] = [e for e in events.shipped()[resource_type] if e["detail"]["eventName"] == example.event]
    return examples.event_about(event, {example.name: resource, **example.words(policy)})


def _sam(*arguments: str, **environment: str) -> None:
    scripts = Path(sys.executable).parent
    ran = subprocess.run(  # noqa: S603 - SAM, with a test's own arguments
        [scripts / "sam", *arguments],
        cwd=PROJECT,
        env={
            **plain(os.environ),
            # The layer's Makefile calls python3.
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "SAM_CLI_TELEMETRY": "0",
            "AWS_DEFAULT_REGION": REGION,
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
