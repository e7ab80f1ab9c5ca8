"""What somebody has to change in infrastructure as code, which manages a resource."""

from rightstate.catalogue import load, names
from rightstate.in_code import lines_of
from rightstate.models.decision import Status
from rightstate_cli.report.record import Verdict


def in_code(verdict: Verdict, resource_type: str) -> list[str]:
    """The lines for CloudFormation and Terraform, none if the entry does not say that code manages the
    resource. An entry of another version may have a type that this one does not know."""
    if verdict.status != Status.MANAGED or resource_type not in names():
        return []
    wanted = ((finding.setting, finding.after) for finding in verdict.findings)
    return lines_of(load(resource_type).in_code, wanted)
