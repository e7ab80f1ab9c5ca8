"""What is enabled in an account."""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import (
    Field,
    model_validator,
)

from rightstate.frozen import Frozen
from rightstate.models.names import ResourceName, Time
from rightstate.policy import Mode
from rightstate.wants import Value


class Enabled(Frozen):
    """A policy's mode and the account's values for its parameters."""

    mode: Mode
    parameters: Mapping[str, Value] = Field(default_factory=dict)


class Exemption(Frozen):
    """What policies have to leave alone, why, who has approved it, and until when.

    With `resource` (region/type/id) it is about one resource, with `tag` (key=value) about those that carry
    it, else about the whole account; `policies` empty means all. `by` is the ARN of who wrote it.
    `settings_until` is there where `until` was cut to what the hub's ExemptionDays allows.
    """

    id: str = Field(pattern=r"^ex-[0-9a-f]{8}$")
    policies: tuple[str, ...] = ()
    resource: ResourceName | None = None
    tag: str | None = Field(default=None, pattern=r"^[^=]{1,128}=.{0,256}$")
    reason: str = Field(min_length=1, max_length=1024)
    approver: str = Field(min_length=1, max_length=256)
    by: str = Field(default="", max_length=2048)
    created: Time
    until: Time
    settings_until: Time | None = None

    @model_validator(mode="after")
    def _one_selector(self) -> "Exemption":
        if self.resource and self.tag:
            raise ValueError("give resource or tag, not both")
        return self


class Handling(StrEnum):
    """What to do about a resource that infrastructure as code manages."""

    REMEDIATE = "remediate"
    REPORT = "report"
    DELAY = "delay"


class Managed(Frozen):
    """How an account's resources are handled that infrastructure as code manages.

    They are recognised by a tag, given as `key` or `key=value`, and by who made the call of the event:
    CloudFormation, or a principal whose ARN is like one of `principals` (with *). `delay` looks again after
    `delay_minutes`, when the resource's maker has finished.
    """

    handling: Handling = Handling.REMEDIATE
    delay_minutes: int = Field(default=30, ge=1, le=1440)
    tags: tuple[str, ...] = ("aws:cloudformation:stack-name", "terraform", "ManagedBy=terraform")
    principals: tuple[str, ...] = ()


class Account(Frozen):
    """What the settings table says of an account.

    `tag_exemptions` says whether exemptions by tag count: everybody who may tag a resource can use them.
    `approvers` are who may approve what nobody is proven to have caused: patterns of aws:userid, with *.
    `role_arn` is the role that writes, `read_role_arn` the one that reads. Without `read_role_arn` the member
    is of a version that had one role for both. `role_arn` absent means: the functions' own credentials, if
    they belong to the account. `regions` empty
    means all; resources of a global service are looked after whatever the regions. `name` and `contacts`
    (e-mail addresses) are for people, `revision` counts the changes made by the command line.
    """

    account: str
    name: str = ""
    regions: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()
    revision: int = 0
    role_arn: str | None = None
    read_role_arn: str | None = None
    external_id: str | None = None
    policies: Mapping[str, Enabled] = Field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    tag_exemptions: bool = False
    approvers: tuple[str, ...] = ()
    managed: Managed = Managed()
