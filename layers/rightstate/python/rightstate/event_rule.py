"""Which CloudTrail events start a remediation, and which resource each is about.

`make docs` writes the rules of all resource types into template.yaml and member/template.yaml.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Subject:
    """What a CloudTrail event is about: where its detail names it, and what that is.

    paths: `requestParameters.NAME` or `responseElements.NAME`; the first one that is there counts. Without a
        path it is the event's account.
    kind: `resource`, `resources` for a list of them, or `group` for what `members` understands.
    as_: what the name stands in, where the name alone could be that of something else. It may take other
        texts of the object around the name: `{restApiId}/stages/{}`.
    by_aws: the name is a text that AWS alone makes and whose characters need no escape, so that a rule may
        pass on that text instead of the object around it.
    """

    paths: tuple[str, ...] = ()
    kind: Literal["resource", "resources", "group"] = "resource"
    as_: str = "{}"
    by_aws: bool = False

    @property
    def passed_on(self) -> str:
        """The path of what a rule passes on: the object around the name; empty for the account."""
        [around] = {path if self.by_aws else path.rpartition(".")[0] for path in self.paths} or {""}
        return around

    @property
    def places(self) -> str:
        """Where the name stands, for people."""
        others = [f"{self.passed_on}.{key}" for key in re.findall(r"\{(\w+)\}", self.as_)]
        return " with ".join([" or ".join(self.paths), *others])

    def identifier(self, name: str, around: Mapping[str, Any]) -> str:
        """The name in what it stands in. Raises KeyError where another text that this takes is missing."""

        def text(part: re.Match[str]) -> str:
            found = around[part[1]] if part[1] else name
            if not isinstance(found, str) or not found:
                raise KeyError(part[1])
            return found

        return re.sub(r"\{(\w*)\}", text, self.as_)


@dataclass(frozen=True)
class Rule:
    """An EventBridge rule that starts the remediation of a resource type.

    id: names it among the type's rules; the end of its logical id in template.yaml.
    service: the API's, as CloudTrail has it: `sqs` for the source aws.sqs and sqs.amazonaws.com.
    events: names of CloudTrail events.
    about: what these events are about.
    where: what the event's detail has to be besides, as an EventBridge pattern.
    name: what follows the stack's name in the rule's; left out, the resource type's name.
    """

    id: str
    service: str
    events: tuple[str, ...]
    about: Subject
    name: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
