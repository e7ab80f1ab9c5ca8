"""A region without an analyzer, as it is at first."""

import boto3

from rightstate_cli.simulation.examples import Example


def _create(session: boto3.Session, name: str, policy: str) -> str:
    analyzers = session.client("accessanalyzer")
    # An earlier example may have left one.
    for each in analyzers.list_analyzers()["analyzers"]:
        analyzers.delete_analyzer(analyzerName=each["name"])
    return session.client("sts").get_caller_identity()["Account"]


EXAMPLE = Example(
    name="111122223333",
    policy="access-analyzer-enabled",
    event="DeleteAnalyzer",
    create=_create,
)
