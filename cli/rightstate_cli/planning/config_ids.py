"""Findings of AWS Config about RDS and Neptune databases: by a resource id, which no other call takes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from rightstate.aws.errors import named_errors
from rightstate.aws.sessions import Phase, open_session
from rightstate.catalogue import load
from rightstate.errors import RightstateError
from rightstate.resource_type import Place
from rightstate_cli.planning import survey
from rightstate_cli.planning.accounts import Accounts
from rightstate_cli.planning.findings import Finding, Given, where, why_not
from rightstate_cli.planning.plan_file import without_request

# AWS Config's type -> ours, whose actions do for Neptune too; then, of the RDS API reference, the call, its
# filter, and where the answer has the resource id and the ARN.
_LOOK_UP = {
    "AWS::RDS::DBInstance": (
        "rds-instance",
        "describe_db_instances",
        "dbi-resource-id",
        "DBInstances[].[DbiResourceId, DBInstanceArn]",
    ),
    "AWS::RDS::DBCluster": (
        "rds-cluster",
        "describe_db_clusters",
        "db-cluster-resource-id",
        "DBClusters[].[DbClusterResourceId, DBClusterArn]",
    ),
}
_AT_ONCE = 100
"""As many ids as a page has databases; how many a filter takes is not documented."""


def with_arns(given: Given, accounts: Accounts) -> Given:
    """The findings with the ARN of each such database, or with why there is none, where they are planned for.

    Asks once for each account, region and type.
    """
    asked: dict[tuple[str, Place], list[Finding]] = {}
    for finding in given.findings:
        if finding.failed and not finding.problem and finding.config_type in _LOOK_UP:
            account, region = where(finding, accounts)
            of = load(_LOOK_UP[finding.config_type][0])
            if account and not why_not(of, finding.resource, region, accounts.only_in(account.account)):
                place = accounts.place(account.account, region)
                asked.setdefault((finding.config_type, place), []).append(finding)
    with ThreadPoolExecutor(survey.READERS) as readers:
        answers = readers.map(partial(_looked_up, accounts), asked, asked.values())
        found = {before: after for answer in answers for before, after in answer}
    return replace(given, findings=[found.get(each, each) for each in given.findings])


def _looked_up(
    accounts: Accounts, kind: tuple[str, Place], findings: Sequence[Finding]
) -> list[tuple[Finding, Finding]]:
    """Each finding with what becomes of it."""
    config_type, place = kind
    name, operation, filtered, columns = _LOOK_UP[config_type]
    ids = sorted({each.resource for each in findings})
    arns: dict[str, str] = {}
    problem = f"There is no database of that resource id in account {place.account}, {place.region}."
    try:
        account = accounts.accounts[place.account]
        session = open_session(account, load(name), place, Phase.READ, survey.RUN.name)
        with named_errors():
            pages = session.client("rds").get_paginator(operation)
            for first in range(0, len(ids), _AT_ONCE):
                some = [{"Name": filtered, "Values": ids[first : first + _AT_ONCE]}]
                arns |= dict(pages.paginate(Filters=some).search(columns))
    except RightstateError as error:
        problem = without_request(str(error))
    return [
        (each, replace(each, resource=arns[each.resource]))
        if each.resource in arns
        else (each, replace(each, problem=problem))
        for each in findings
    ]
