"""Where infrastructure as code keeps a setting: what to change there, so that no deployment sets it back."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rightstate.wants import Value, as_text

MANAGED = "Infrastructure as code manages this resource. Change it there too, or it is set back:"
IF_MANAGED = "If infrastructure as code manages this resource, change it there too, or it is set back:"


@dataclass(frozen=True)
class InCode:
    """The place of a setting in CloudFormation and in Terraform.

    `cloudformation` is the resource type and the path of the property, e.g.
    `AWS::S3::Bucket/VersioningConfiguration.Status`. A list's item is named by its key in brackets.
    `terraform` is the resource and the path of the argument in the documentation of the AWS provider, e.g.
    `aws_s3_bucket_versioning.versioning_configuration.status`; several resources with the same argument are
    separated by |.
    `values` says how code writes a value of the setting, by its text, where it writes another one. `instead`
    has the place of the values, by their text, that are somewhere else. `named_only` says that code has
    the setting in another form, so that only its place can be told.
    `without` says why one of the two, or both, have no place for the setting.
    """

    cloudformation: str = ""
    terraform: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    instead: Mapping[str, "InCode"] = field(default_factory=dict)
    named_only: bool = False
    without: str = ""

    def lines(self, value: Value) -> Iterator[str]:
        """What to write to have that value: a line for CloudFormation and one for Terraform, or why not."""
        place = self.instead.get(as_text(value), self)
        written = place.values.get(as_text(value), value)
        if place.cloudformation:
            resource, _, path = place.cloudformation.partition("/")
            shown = path if place.named_only else f"{path}: {_in_json(written)}"
            yield f"CloudFormation {resource}: {shown}"
        if place.terraform:
            resource, _, path = place.terraform.partition(".")
            shown = path if place.named_only else f"{path} = {_in_json(written)}"
            yield f"Terraform {resource.replace('|', ' or ')}: {shown}"
        if place.without:
            yield place.without

    def places(self) -> Iterator["InCode"]:
        """This place and those of other values."""
        yield self
        yield from self.instead.values()


def lines_of(places: Mapping[str, InCode], wanted: Iterable[tuple[str, Value]]) -> list[str]:
    """What to write in code so that these settings have these values, each line once."""
    return list(
        dict.fromkeys(
            line for setting, value in wanted if setting in places for line in places[setting].lines(value)
        )
    )


def _in_json(value: Value) -> str:
    """As YAML and HCL take it both."""
    return json.dumps(value, ensure_ascii=False)
