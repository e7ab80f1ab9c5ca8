"""Rules of security groups as texts that people read, such as `tcp 20-25 0.0.0.0/0 "office"`, and what is
left of one when ports are closed.

A text has all that recreates the rule: protocol, ports, peer, description and tags. It has no id, because a
rule that is made again gets another one.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

ANYWHERE = ("0.0.0.0/0", "::/0")
ALL = "-1"
"""The protocol that stands for all protocols and ports (EC2 API reference, SecurityGroupRule)."""
_NUMBERS = {"6": "tcp", "17": "udp"}
# IANA protocol numbers; EC2 answers with the names, and a caller may have given the numbers.
_WITH_PORTS = ("tcp", "udp")
_WIDE = {4: 8, 6: 32}
"""IP version -> networks with a shorter prefix are as good as the internet: half of it is a /1."""
# API reference, IpRange: a description has letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, and no quote.
_TEXT = re.compile(
    r"(?P<protocol>\S+) (?P<ports>\S+) (?P<peer>\S+)"
    r'(?: "(?P<description>[^"]*)")?(?: tags (?P<tags>\{.*\}))?'
)


@dataclass(frozen=True, order=True)
class GroupRule:
    """One rule of a security group. `peer` is a network, a prefix list's id, or a group's as GROUP@ACCOUNT.

    Of ICMP, `first` and `last` are type and code; of all protocols they are -1.
    """

    protocol: str
    first: int
    last: int
    peer: str
    description: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def is_public(self) -> bool:
        """Whether its peer is the internet, or so large a part of it that it cannot be anybody's own."""
        if "/" not in self.peer:
            return False
        network = ip_network(self.peer, strict=False)
        return self.peer in ANYWHERE or (
            network.prefixlen < _WIDE[network.version] and not network.is_private
        )

    def __str__(self) -> str:
        if self.protocol in _WITH_PORTS:
            ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        else:
            ports = "all" if (self.first, self.last) == (-1, -1) else f"{self.first}/{self.last}"
        protocol = "all" if self.protocol == ALL else self.protocol
        description = f' "{self.description}"' if self.description else ""
        tags = f" tags {json.dumps(dict(self.tags), sort_keys=True)}" if self.tags else ""
        return f"{protocol} {ports} {self.peer}{description}{tags}"


def read(text: str) -> GroupRule:
    """The rule of a text. Raises ValueError for a text that is none."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no rule of a security group")
    protocol = ALL if found["protocol"] == "all" else found["protocol"]
    first, last = _ports(found["ports"])
    tags = json.loads(found["tags"]) if found["tags"] else {}
    return GroupRule(
        protocol, first, last, found["peer"], found["description"] or "", tuple(sorted(tags.items()))
    )


def _ports(text: str) -> tuple[int, int]:
    if text == "all":
        return -1, -1
    both = re.fullmatch(r"(-?\d+)[-/](-?\d+)", text)
    return (int(both[1]), int(both[2])) if both else (int(text), int(text))


def of_answer(rule: Mapping[str, Any]) -> GroupRule:
    """The rule as DescribeSecurityGroupRules answers it."""
    group = rule.get("ReferencedGroupInfo", {})
    named = f"{group.get('GroupId')}@{group.get('UserId', '')}"
    peer = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or named
    protocol = str(rule["IpProtocol"])
    return GroupRule(
        _NUMBERS.get(protocol, protocol),
        int(rule.get("FromPort", -1)),
        int(rule.get("ToPort", -1)),
        peer,
        rule.get("Description", ""),
        tuple(sorted((tag["Key"], tag.get("Value", "")) for tag in rule.get("Tags", ()))),
    )


def permission(rule: GroupRule) -> dict[str, Any]:
    """The rule as an IpPermission of a call that authorizes it."""
    peer, _, owner = rule.peer.partition("@")
    described = {"Description": rule.description} if rule.description else {}
    if owner or peer.startswith("sg-"):
        source = {
            "UserIdGroupPairs": [{"GroupId": peer, **({"UserId": owner} if owner else {}), **described}]
        }
    elif peer.startswith("pl-"):
        source = {"PrefixListIds": [{"PrefixListId": peer, **described}]}
    elif ":" in peer:
        source = {"Ipv6Ranges": [{"CidrIpv6": peer, **described}]}
    else:
        source = {"IpRanges": [{"CidrIp": peer, **described}]}
    ports = {} if rule.protocol == ALL else {"FromPort": rule.first, "ToPort": rule.last}
    return {"IpProtocol": rule.protocol, **ports, **source}


@dataclass(frozen=True)
class Closed:
    """Ports that no public rule may admit.

    `anywhere` limits that to rules whose peer is the whole internet. `narrow` keeps the other ports of a
    rule; without it a rule that admits one of the ports goes as a whole.
    """

    ports: frozenset[int]
    protocols: frozenset[str]
    anywhere: bool = True
    narrow: bool = True

    def concerns(self, rule: GroupRule) -> bool:
        """Whether the rule admits one of the ports from the internet."""
        if not (rule.peer in ANYWHERE if self.anywhere else rule.is_public):
            return False
        if rule.protocol == ALL:
            return True
        return rule.protocol in self.protocols and any(rule.first <= port <= rule.last for port in self.ports)

    def left_of(self, rule: GroupRule) -> list[GroupRule]:
        """What stays of a rule: itself, or the pieces between the ports. Of all protocols nothing stays: its
        pieces would lose the protocols without ports."""
        if not self.concerns(rule):
            return [rule]
        if rule.protocol == ALL or not self.narrow:
            return []
        inside = sorted(port for port in self.ports if rule.first <= port <= rule.last)
        starts = [rule.first, *(port + 1 for port in inside)]
        ends = [*(port - 1 for port in inside), rule.last]
        return [
            replace(rule, first=first, last=last)
            for first, last in zip(starts, ends, strict=True)
            if first <= last
        ]


def without(texts: Iterable[str], closed: Sequence[Closed]) -> list[str]:
    """The rules that are left when the ports are closed, in order. A piece that another rule
    admits already is left out, as EC2 refuses a second one (InvalidPermission.Duplicate)."""
    rules = [read(text) for text in texts]
    for each in closed:
        kept = [rule for rule in rules if not each.concerns(rule)]
        known = {(rule.protocol, rule.first, rule.last, rule.peer) for rule in kept}
        rules = list(_pieces(rules, each, known))
    return [str(rule) for rule in sorted(rules)]


def _pieces(
    rules: Iterable[GroupRule], closed: Closed, known: set[tuple[str, int, int, str]]
) -> Iterator[GroupRule]:
    for rule in rules:
        for piece in closed.left_of(rule):
            identity = (piece.protocol, piece.first, piece.last, piece.peer)
            if piece is rule:
                yield rule
            elif identity not in known:
                known.add(identity)
                yield piece
