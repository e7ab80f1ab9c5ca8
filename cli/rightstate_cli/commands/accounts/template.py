"""`rightstate accounts template`."""

from enum import StrEnum
from typing import Annotated

import typer

from rightstate_cli.member import template as member_template
from rightstate_cli.terminal.options import TypeOption
from rightstate_cli.terminal.output import print_json


class TemplateFormat(StrEnum):
    """How a template is printed."""

    YAML = "yaml"
    JSON = "json"


def template(
    types: TypeOption = None,
    format: Annotated[
        TemplateFormat, typer.Option("--format", help="CloudFormation takes both.")
    ] = TemplateFormat.YAML,
) -> None:
    """Print the CloudFormation template of a member, for all resource types or for those named.

    - `rightstate accounts template > member.yaml` writes the file that `rightstate accounts add` deploys.
    - `rightstate accounts template --type s3-bucket` has roles that may only fix buckets.
    """
    made = member_template.template(dict.fromkeys(types or ()))
    if format is TemplateFormat.JSON:
        print_json(made)
    else:
        typer.echo(member_template.as_yaml(made), nl=False)
