"""A document that everybody may use."""

import json

import boto3

from rightstate_cli.simulation.examples import Example

_CONTENT = {
    "schemaVersion": "2.2",
    "description": "Restarts the shop.",
    "mainSteps": [
        {
            "action": "aws:runShellScript",
            "name": "restart",
            "inputs": {"runCommand": ["systemctl restart shop"]},
        }
    ],
}


def _create(session: boto3.Session, name: str, policy: str) -> str:
    ssm = session.client("ssm")
    ssm.create_document(Name=name, Content=json.dumps(_CONTENT), DocumentType="Command")
    ssm.modify_document_permission(Name=name, PermissionType="Share", AccountIdsToAdd=["all"])
    return name


EXAMPLE = Example(
    name="restart-shop",
    policy="ssm-document-not-public",
    event="ModifyDocumentPermission",
    create=_create,
)
