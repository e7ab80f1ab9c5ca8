"""Who makes a call, as CloudTrail says it in `userIdentity`."""

from tests.support.template import Event

ACCOUNT = "111122223333"
"""That of the shipped events."""


def role_session(
    role: str, kind: str = "role", session: str = "AssumedRole", account: str = ACCOUNT
) -> Event:
    """A caller with a session that a role (or, with GetFederationToken, a user) has issued."""
    name = role.rsplit("/", maxsplit=1)[-1]
    issuer = {
        "type": kind.capitalize(),
        "principalId": "AROAEXAMPLEOTHERROLE",
        "arn": f"arn:aws:iam::{account}:{kind}/{role}",
        "accountId": account,
        "userName": name,
    }
    return {
        "type": session,
        "principalId": "AROAEXAMPLEOTHERROLE:session",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/session",
        "accountId": account,
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}},
    }


def iam_user(name: str) -> Event:
    return {
        "type": "IAMUser",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "userName": name.rsplit("/", maxsplit=1)[-1],
    }


OTHERS: dict[str, Event] = {
    "root": {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT},
    "root in the console": {
        "type": "Root",
        "arn": f"arn:aws:iam::{ACCOUNT}:root",
        "accountId": ACCOUNT,
        "sessionContext": {"attributes": {"mfaAuthenticated": "true"}},
    },
    "an IAM user": iam_user("bruno"),
    "an IAM user named like the role": iam_user("rightstate-remediation"),
    "an IAM user that looks like a session": iam_user("assumed-role/rightstate-remediation/x"),
    "another role": role_session("Developer"),
    "a role with a longer name": role_session("rightstate-remediation-2"),
    "a role whose name ends the same": role_session("not-rightstate-remediation"),
    "a role of that name at another path": role_session("other/rightstate-remediation"),
    "a federated user": role_session("bruno", "user", "FederatedUser"),
    "a federated user named like the role": role_session("rightstate-remediation", "user", "FederatedUser"),
    "an AWS service": {"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"},
    "another account": {"type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666"},
    "a web identity": {"type": "WebIdentityUser", "userName": "system:serviceaccount:default:rightstate"},
}
