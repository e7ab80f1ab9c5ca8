"""ocsf.jsonl: the verdicts as Compliance Findings of the Open Cybersecurity Schema Framework.

Class 2003 and not Remediation Activity 7001: that is about a compromised device, and of what was looked at
and left alone it has nothing. A finding has the same uid each time, so that a later one updates it.
https://schema.ocsf.io/1.5.0/classes/compliance_finding
"""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from rightstate import __version__
from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate.in_code import MANAGED
from rightstate.wants import as_change
from rightstate_cli.report.in_code import in_code
from rightstate_cli.report.posture import State, effect
from rightstate_cli.report.record import Record, Verdict, milliseconds
from rightstate_cli.standards.frameworks import required_by

VERSION = "1.5.0"
"""The newest for which a kept library has models to test against; later ones have added attributes only."""
_CLASS = 2003
_CREATE, _CLOSE = (1, "Create"), (3, "Close")
_OF_STATE = {
    State.COMPLIANT: (_CLOSE, (4, "Resolved"), (1, "Pass")),
    State.BROKEN: (_CREATE, (1, "New"), (3, "Fail")),
    State.WAITING: (_CREATE, (2, "In Progress"), (3, "Fail")),
    State.LEFT: (_CREATE, (1, "New"), (3, "Fail")),
    State.EXEMPT: (_CLOSE, (3, "Suppressed"), (3, "Fail")),
}
"""State -> activity, status of the finding, status of the check."""


encoded = json.JSONEncoder(separators=(",", ":")).encode
"""A finding as a line."""


def findings(record: Record) -> Iterator[str]:
    """The lines of an entry, one for each policy that applies."""
    states = dict(effect(record).states)
    for verdict in record.verdicts:
        state = states[verdict.policy]
        if state is not None:
            yield encoded(_finding(record, verdict, state))


def _finding(record: Record, verdict: Verdict, state: State) -> dict[str, Any]:
    found = re.match(r"arn:(aws[a-z-]*):", record.execution)
    common = finding(
        record.place,
        verdict.policy,
        state,
        milliseconds(record.started),
        uid(record.resource, record.at, verdict.policy),
        arn=record.arn or "",
        partition=found[1] if found else "aws",
        version=record.version,
    )
    return common | {
        "message": record.reason,
        "status_detail": verdict.reason or record.outcome,
        "remediation": {"desc": _remediation(record, verdict)},
        "unmapped": {
            "execution": record.execution,
            "outcome": record.outcome,
            "error": record.error,
            "mode": verdict.mode,
            "rule": verdict.rule,
            "caused_by": record.caused_by,
            "approved_by": record.approval.approver if record.approval else "",
            "approver_id": record.approval.by if record.approval else "",
            "undoes": record.undo or "",
        },
    }


def finding(
    place: tuple[str, str, str, str],
    policy: str,
    state: State,
    time: int,
    own_uid: str,
    *,
    arn: str = "",
    partition: str = "aws",
    version: str = "",
) -> dict[str, Any]:
    """A finding of the class, without what only an execution has. `own_uid` is that of this one; findings of
    the same policy and resource have another in common."""
    account, region, resource_type, resource = place
    key = "/".join(place)
    (activity, activity_name), (status, status_name), (check, check_name) = _OF_STATE[state]
    title, category, breach, required = _about(policy)
    severity, severity_name = (1, "Informational") if state is State.COMPLIANT else breach
    return {
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": _CLASS * 100 + activity,
        "type_name": f"Compliance Finding: {activity_name}",
        "severity_id": severity,
        "severity": severity_name,
        "status_id": status,
        "status": status_name,
        "time": time,
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "uid": own_uid,
            "product": {"name": "Rightstate", "vendor_name": "Rightstate", "version": version or __version__},
        },
        "cloud": {"provider": "AWS", "region": region, "account": {"uid": account, "type": "AWS Account"}},
        "finding_info": {
            "uid": uid(key, policy),
            "title": title,
            "types": [category],
            "last_seen_time": time,
        },
        "compliance": {
            "control": policy,
            "standards": ["Rightstate", *required],
            "desc": title,
            "status_id": check,
            "status": check_name,
        },
        "resources": [
            {
                "uid": arn or key,
                "name": resource,
                "type": resource_type,
                "region": region,
                "cloud_partition": partition,
            }
        ],
    }


def _remediation(record: Record, verdict: Verdict) -> str:
    changes = [each for each in record.changes if verdict.policy in each.policies] or verdict.findings
    words = "; ".join(f"{each.setting}: {as_change(each.before, each.after)}" for each in changes)
    if code := in_code(verdict, record.place[2]):
        words = "\n".join([words, MANAGED, *code])
    return words or "Nothing was to be changed."


def uid(*parts: str) -> str:
    """The same for the same parts."""
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:32]


@cache
def _about(policy: str) -> tuple[str, str, tuple[int, str], tuple[str, ...]]:
    """Title, category, severity of a breach, and frameworks that ask for it; of a policy that this version
    does not know its id."""
    try:
        _, found = find_policy(policy)
    except InvalidInput:
        return policy, "Unknown", (0, "Unknown"), ()
    # Without the requirements: up to 70 for a policy would double the file.
    required = tuple(framework.label for framework in required_by(found))
    # OCSF's severities are ours, with another name for the same order from 1.
    return found.title, found.category, (found.severity.rank + 1, found.severity.capitalize()), required
