"""Resources with something wrong, as files: as CSV, and as findings in the OCSF."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from io import StringIO

from rightstate.catalogue import find_policy
from rightstate.errors import InvalidInput
from rightstate_cli.report import ocsf
from rightstate_cli.report.standing import Wrong, severity_of
from rightstate_cli.text import csv_cell

COLUMNS = (
    "account",
    "region",
    "type",
    "resource",
    "status",
    "policy",
    "severity",
    "title",
    "reason",
    "found",
)
"""The first ones as `rightstate plan --format csv` has them."""
_UNREADABLE = "unreadable"


def as_csv(found: Iterable[Wrong]) -> Iterator[str]:
    """A row for each policy that a resource breaks. What could not be read has one, without a policy. No cell
    is a formula."""
    yield _line(COLUMNS)
    for each in found:
        seen = "" if each.at is None else f"{datetime.fromtimestamp(each.at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
        if not each.states:
            yield _line((*each.place, _UNREADABLE, "", "", "", each.reason, seen))
        for policy, state in each.states:
            severity = severity_of(policy) or ""
            yield _line((*each.place, state, policy, severity, _title(policy), each.reason, seen))


def as_ocsf(found: Iterable[Wrong], now: datetime) -> Iterator[str]:
    """A finding for each policy that a resource breaks, as it stands `now`; none for what could not be read.

    A finding updates those of the report about the same resource and policy."""
    for each in found:
        time = round(now.timestamp() * 1000) if each.at is None else each.at
        for policy, state in each.states:
            own_uid = ocsf.uid(each.resource, str(time), policy)
            finding = ocsf.finding(each.place, policy, state, time, own_uid)
            yield ocsf.encoded({**finding, "message": each.reason, "status_detail": each.reason}) + "\n"


def _line(cells: Iterable[str]) -> str:
    to = StringIO()
    csv.writer(to).writerow(csv_cell(str(each)) for each in cells)
    return to.getvalue()


def _title(policy: str) -> str:
    try:
        return find_policy(policy)[1].title
    except InvalidInput:
        return ""
