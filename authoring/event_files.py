"""The files in events/: their author writes the call, and the envelope around it is rendered."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from rightstate.resource_type import ResourceType

_ACCOUNT, _REGION = "111122223333", "us-east-1"
_FIRST = "2026-11-23T09:00:00Z"
_DEVELOPER = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLEDEVELOPER:ana",
    "arn": f"arn:aws:sts::{_ACCOUNT}:assumed-role/Developer/ana",
    "accountId": _ACCOUNT,
    "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
}
_ISSUER = {
    "type": "Role",
    "principalId": "AROAEXAMPLEDEVELOPER",
    "arn": f"arn:aws:iam::{_ACCOUNT}:role/Developer",
    "accountId": _ACCOUNT,
    "userName": "Developer",
}


def complete(folder: Path, types: Sequence[ResourceType]) -> None:
    """Render the envelope of each file that holds only `requestParameters` and `responseElements`.

    The file's name is the event's. The others of its type stand before it in time, a minute apart. Raises
    ValueError where no rule of the type names the event.
    """
    for resource_type in types:
        files = {
            path: json.loads(path.read_text()) for path in sorted((folder / resource_type.name).glob("*"))
        }
        latest = max((each["time"] for each in files.values() if "time" in each), default=_FIRST)
        for path, call in files.items():
            if "detail" not in call:
                latest = _after(latest)
                event = _event(resource_type, path.stem, call, latest)
                path.write_text(json.dumps(event, indent=2) + "\n")


def _after(time: str) -> str:
    return (datetime.fromisoformat(time) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(resource_type: ResourceType, name: str, call: Mapping[str, Any], time: str) -> dict[str, Any]:
    """As CloudTrail records a call of a developer, and EventBridge delivers it (CloudTrail User Guide, record
    contents)."""
    service = next((rule.service for rule in resource_type.rules if name in rule.events), None)
    if service is None:
        raise ValueError(
            f"events/{resource_type.name}/{name}.json: no rule of {resource_type.name} names {name}."
        )
    created = (datetime.fromisoformat(time) - timedelta(minutes=17)).strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = {"creationDate": created, "mfaAuthenticated": "false"}

    def made_up(what: str) -> str:
        return str(uuid5(NAMESPACE_DNS, f"{what}.{name}.{resource_type.name}"))

    return {
        "version": "0",
        "id": made_up("event"),
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{service}",
        "account": _ACCOUNT,
        "time": time,
        "region": _REGION,
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                **_DEVELOPER,
                "sessionContext": {"sessionIssuer": _ISSUER, "attributes": attributes},
            },
            "eventTime": time,
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": _REGION,
            "sourceIPAddress": "203.0.113.24",
            "userAgent": f"aws-cli/2.31.20 md/command#{resource_type.service}",
            "requestParameters": call["requestParameters"],
            "responseElements": call["responseElements"],
            "requestID": made_up("request"),
            "eventID": made_up("record"),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": _ACCOUNT,
            "eventCategory": "Management",
        },
    }
