"""Which rules of a security group are open to the internet, and what is left of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightstate.values.security_group_rules import Closed, GroupRule, of_answer, permission, read, without

SSH = Closed(frozenset({22}), frozenset({"tcp"}))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tcp 22 0.0.0.0/0", []),
        ("tcp 22 ::/0", []),
        ('tcp 22 0.0.0.0/0 "office"', []),
        ("tcp 22 203.0.113.0/24", ["tcp 22 203.0.113.0/24"]),
        ("tcp 22 0.0.0.0/1", ["tcp 22 0.0.0.0/1"]),
        ("tcp 22 sg-0a1b2c3d@111122223333", ["tcp 22 sg-0a1b2c3d@111122223333"]),
        ("tcp 22 pl-0a1b2c3d", ["tcp 22 pl-0a1b2c3d"]),
        ("udp 22 0.0.0.0/0", ["udp 22 0.0.0.0/0"]),
        ("tcp 443 0.0.0.0/0", ["tcp 443 0.0.0.0/0"]),
        ("icmp 8/-1 0.0.0.0/0", ["icmp 8/-1 0.0.0.0/0"]),
        ("icmp 22/22 0.0.0.0/0", ["icmp 22/22 0.0.0.0/0"]),
        ("50 all 0.0.0.0/0", ["50 all 0.0.0.0/0"]),
        ("all all 0.0.0.0/0", []),
        ("tcp 22-23 0.0.0.0/0", ["tcp 23 0.0.0.0/0"]),
        ("tcp 21-22 0.0.0.0/0", ["tcp 21 0.0.0.0/0"]),
        ("tcp 0-65535 ::/0", ["tcp 0-21 ::/0", "tcp 23-65535 ::/0"]),
        (
            'tcp 20-25 0.0.0.0/0 "all of it" tags {"team": "a \\" b"}',
            [
                'tcp 20-21 0.0.0.0/0 "all of it" tags {"team": "a \\" b"}',
                'tcp 23-25 0.0.0.0/0 "all of it" tags {"team": "a \\" b"}',
            ],
        ),
    ],
)
def test_only_the_port_goes_and_only_from_the_internet(before: str, after: list[str]) -> None:
    assert without([before], [SSH]) == after


def test_a_rule_goes_as_a_whole_where_it_is_not_to_be_narrowed() -> None:
    whole = Closed(frozenset({22}), frozenset({"tcp"}), narrow=False)
    assert without(["tcp 20-25 0.0.0.0/0", "tcp 443 0.0.0.0/0"], [whole]) == ["tcp 443 0.0.0.0/0"]


@pytest.mark.parametrize(
    ("peer", "open_"),
    [
        ("0.0.0.0/1", True),
        ("128.0.0.0/1", True),
        ("2000::/3", True),
        ("8.0.0.0/8", False),
        ("10.0.0.0/8", False),
        ("fc00::/7", False),
        ("2001:db8::/32", False),
    ],
)
def test_large_networks_count_where_not_only_any_address_does(peer: str, open_: bool) -> None:
    large = Closed(frozenset({22}), frozenset({"tcp"}), anywhere=False)
    assert (without([f"tcp 22 {peer}"], [large]) == []) is open_


def test_a_piece_that_another_rule_admits_already_is_not_added_again() -> None:
    rules = ['tcp 0-21 0.0.0.0/0 "ftp"', "tcp 0-22 0.0.0.0/0"]
    assert without(rules, [SSH]) == ['tcp 0-21 0.0.0.0/0 "ftp"']


@pytest.mark.parametrize(
    ("answer", "text", "again"),
    [
        (
            {"IpProtocol": "6", "FromPort": 22, "ToPort": 22, "CidrIpv6": "::/0", "Description": "a, b"},
            'tcp 22 ::/0 "a, b"',
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "Ipv6Ranges": [{"CidrIpv6": "::/0", "Description": "a, b"}],
            },
        ),
        (
            {
                "IpProtocol": "-1",
                "FromPort": -1,
                "ToPort": -1,
                "ReferencedGroupInfo": {"GroupId": "sg-1", "UserId": "111122223333"},
            },
            "all all sg-1@111122223333",
            {
                "IpProtocol": "-1",
                "UserIdGroupPairs": [{"GroupId": "sg-1", "UserId": "111122223333"}],
            },
        ),
        (
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "PrefixListId": "pl-1"},
            "icmp 8/-1 pl-1",
            {
                "IpProtocol": "icmp",
                "FromPort": 8,
                "ToPort": -1,
                "PrefixListIds": [{"PrefixListId": "pl-1"}],
            },
        ),
    ],
)
def test_what_ec2_answers_becomes_a_text_that_makes_the_rule_again(
    answer: dict[str, Any], text: str, again: dict[str, Any]
) -> None:
    assert str(of_answer(answer)) == text
    assert permission(read(text)) == again


ports = st.integers(0, 65535)
rules = st.builds(
    lambda protocol, one, other, peer, description, tags: GroupRule(
        protocol,
        *((-1, -1) if protocol in ("-1", "50") else sorted((one, other))),
        peer,
        description,
        tuple(sorted(tags.items())),
    ),
    st.sampled_from(["tcp", "udp", "icmp", "-1", "50"]),
    ports,
    ports,
    st.sampled_from(["0.0.0.0/0", "::/0", "10.1.0.0/16", "0.0.0.0/1", "sg-1@111122223333", "pl-1"]),
    st.text("abc .-:/()#,@[]+=&;{}!$*", max_size=8),
    st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=2),
)
closings = st.lists(
    st.builds(
        Closed,
        st.frozensets(st.sampled_from([0, 22, 23, 443, 3389, 65535]), min_size=1),
        st.frozensets(st.sampled_from(["tcp", "udp"]), min_size=1),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)


@given(rules)
def test_every_rule_can_be_read_again(rule: GroupRule) -> None:
    assert read(str(rule)) == rule


@given(st.lists(rules, max_size=6), closings)
def test_nothing_is_opened_nothing_else_is_touched_and_a_second_time_changes_nothing(
    before: list[GroupRule], closed: list[Closed]
) -> None:
    left = without(map(str, before), closed)
    after = [read(text) for text in left]
    assert without(left, closed) == left
    assert not [rule for rule in after if any(each.concerns(rule) for each in closed)]
    for rule in before:
        if not any(each.concerns(rule) for each in closed):
            assert rule in after
    for rule in after:
        assert any(
            (rule.protocol, rule.peer, rule.description, rule.tags)
            == (old.protocol, old.peer, old.description, old.tags)
            and old.first <= rule.first
            and rule.last <= old.last
            for old in before
        )


@given(rules, st.frozensets(ports, min_size=1, max_size=5))
def test_narrowing_keeps_every_other_port(rule: GroupRule, closed: frozenset[int]) -> None:
    left = [read(text) for text in without([str(rule)], [Closed(closed, frozenset({"tcp", "udp"}))])]
    if rule.protocol in ("tcp", "udp") and rule.peer in ("0.0.0.0/0", "::/0"):
        kept = sum(each.last - each.first + 1 for each in left)
        assert kept == rule.last - rule.first + 1 - len([p for p in closed if rule.first <= p <= rule.last])
