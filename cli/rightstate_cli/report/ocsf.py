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
from rightstate.wants import as_change
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


_encoded = json.JSONEncoder(separators=(",", ":")).encode


def findings(record: Record) -> Iterator[str]:
    """The lines of an entry, one for each policy that applies."""
    states = dict(effect(record).states)
    for verdict in record.verdicts:
        state = states[verdict.policy]
        if state is not None:
            yield _encoded(_finding(record, verdict, state))


def _finding(record: Record, verdict: Verdict, state: State) -> dict[str, Any]:
    account, region, resource_type, resource = record.place
    (activity, activity_name), (status, status_name), (check, check_name) = _OF_STATE[state]
    time = milliseconds(record.started)
    title, category, breach, required = _about(verdict.policy)
    severity, severity_name = (1, "Informational") if state is State.COMPLIANT else breach
    found = re.match(r"arn:(aws[a-z-]*):", record.execution)
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
        "message": record.reason,
        "status_detail": verdict.reason or record.outcome,
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "uid": _uid(record.resource, record.at, verdict.policy),
            "product": {
                "name": "Rightstate",
                "vendor_name": "Rightstate",
                "version": record.version or __version__,
            },
        },
        "cloud": {"provider": "AWS", "region": region, "account": {"uid": account, "type": "AWS Account"}},
        "finding_info": {
            "uid": _uid(record.resource, verdict.policy),
            "title": title,
            "types": [category],
            "last_seen_time": time,
        },
        "compliance": {
            "control": verdict.policy,
            "standards": ["Rightstate", *required],
            "desc": title,
            "status_id": check,
            "status": check_name,
        },
        "resources": [
            {
                "uid": record.arn or record.resource,
                "name": resource,
                "type": resource_type,
                "region": region,
                "cloud_partition": found[1] if found else "aws",
            }
        ],
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


def _remediation(record: Record, verdict: Verdict) -> str:
    changes = [each for each in record.changes if verdict.policy in each.policies] or verdict.findings
    words = "; ".join(f"{each.setting}: {as_change(each.before, each.after)}" for each in changes)
    return words or "Nothing was to be changed."


def _uid(*parts: str) -> str:
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
