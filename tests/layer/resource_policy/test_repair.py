"""What is taken out of a policy, and what stays character for character."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightstate.resource_policy import (
    denies_plain_http,
    difference,
    parse,
    public_statements,
    with_tls_only,
    without_public,
)
from rightstate.wants import PolicyText, as_change, as_text, same
from tests.layer.resource_policy.published import PUBLISHED

ARN = "arn:aws:s3:::invoices"
ACCOUNT = "111122223333"
TLS = {
    "Sid": "AllowSSLRequestsOnly",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [ARN, f"{ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}

principals = st.sampled_from(
    [
        "*",
        {"AWS": "*"},
        {"AWS": ["*", ACCOUNT]},
        {"AWS": ACCOUNT},
        {"AWS": [ACCOUNT, "arn:aws:iam::444455556666:root"], "Service": "sns.amazonaws.com"},
        {"AWS": "*", "Service": "s3.amazonaws.com"},
        {"Federated": "graph.facebook.com"},
        {"CanonicalUser": "79a5"},
    ]
)
conditions = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
        {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}, "Null": {"aws:SourceAccount": "false"}},
    ]
)
actions = st.one_of(
    st.sampled_from(["*", "s3:*", "s3:GetObject", "s3:PutObject", "s3:Put*"]),
    st.lists(st.sampled_from(["s3:GetObject", "s3:ListBucket", "s3:DeleteObject", "s3:Get*"]), min_size=1),
)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Principal", "Principal", "Principal", "NotPrincipal"])): draw(principals),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(actions),
        "Resource": draw(st.sampled_from(["*", ARN, [ARN, f"{ARN}/*"], f"{ARN}/public/*"])),
        "Unknown": draw(st.sampled_from([None, 1.0, "é", '}],{"Statement"'])),
    }
    if condition := draw(conditions):
        made["Condition"] = condition
    if sid := draw(st.sampled_from(["", "A", "B", "AllowSSLRequestsOnly"])):
        made["Sid"] = sid
    return {key: made[key] for key in draw(st.permutations(sorted(made)))}


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Policies as services and people write them: spaces, the order of keys, one statement without a list."""
    some = draw(st.lists(statements(), max_size=5))
    whole: dict[str, Any] = {"Version": "2012-10-17", "Id": "x", "Statement": some}
    if len(some) == 1 and draw(st.booleans()):
        whole["Statement"] = some[0]
    ordered = {key: whole[key] for key in draw(st.permutations(sorted(whole)))}
    return json.dumps(
        ordered,
        indent=draw(st.sampled_from([None, 0, 2, "\t"])),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", " : ")])),
        ensure_ascii=draw(st.booleans()),
    )


def pieces(text: str) -> list[str]:
    """The text of each statement."""
    return [text[each.start : each.end] for each in parse(text).statements]


def grants(statement: dict[str, Any]) -> set[tuple[str, str]]:
    """Each principal with each action that an Allow names."""
    named = statement.get("Principal", {})
    kinds = named.items() if isinstance(named, dict) else [("", named)]
    who = {name for _, names in kinds for name in (names if isinstance(names, list) else [names])}
    what = statement.get("Action", [])
    return {(name, action) for name in who for action in (what if isinstance(what, list) else [what])}


wants = st.builds(
    PolicyText,
    public=st.sampled_from(["anything", "read", "nothing"]),
    tls_only=st.booleans(),
    arn=st.just(ARN),
)


@given(texts(), st.booleans())
def test_statements_that_are_not_public_stay_character_for_character_and_in_order(
    text: str, writes_only: bool
) -> None:
    public = {each.number for each in public_statements(parse(text))}
    kept = [piece for number, piece in enumerate(pieces(text), 1) if number not in public]
    left = without_public(text, writes_only=writes_only)
    after = pieces(left) if left is not None else []
    assert [piece for piece in after if piece in kept] == kept
    if left is not None:
        whole, before = json.loads(left), json.loads(text)
        assert list(whole) == list(before)
        assert {**whole, "Statement": 0} == {**before, "Statement": 0}


@given(texts(), st.booleans())
def test_no_statement_becomes_wider_or_appears(text: str, writes_only: bool) -> None:
    left = without_public(text, writes_only=writes_only)
    before = [each.content for each in parse(text).statements]
    for each in parse(left).statements if left is not None else ():
        assert any(
            {**each.content, "Principal": 0, "Action": 0} == {**other, "Principal": 0, "Action": 0}
            and grants(dict(each.content)) <= grants(dict(other))
            for other in before
        )


@given(texts())
def test_nothing_public_is_left_and_a_policy_without_it_is_not_touched(text: str) -> None:
    left = without_public(text)
    assert left is None or public_statements(parse(left)) == []
    if not public_statements(parse(text)):
        assert left == text


@given(texts(), wants)
def test_a_want_reaches_its_target_once(text: str, want: PolicyText) -> None:
    target = want.target(text)
    assert want.holds(target)
    assert want.target(target) == target
    assert want.holds(text) == (target == text)


@given(texts(), wants, wants)
def test_two_wants_meet_in_one_text_that_both_accept_whatever_their_order(
    text: str, one: PolicyText, other: PolicyText
) -> None:
    both = one.meet(other)
    assert isinstance(both, PolicyText)
    assert both == other.meet(one)
    target = both.target(text)
    assert one.holds(target)
    assert other.holds(target)


@given(texts())
def test_requests_without_tls_are_denied_by_one_statement_at_the_end(text: str) -> None:
    denied = with_tls_only(text, ARN)
    assert denies_plain_http(denied, ARN)
    assert pieces(denied)[: len(pieces(text))] == pieces(text)
    if not denies_plain_http(text, ARN):
        *_, last = parse(denied).statements
        assert len(pieces(denied)) == len(pieces(text)) + 1
        assert {**last.content, "Sid": 0} == {**TLS, "Sid": 0}
        assert last.content["Sid"] not in {each.content.get("Sid") for each in parse(text).statements}


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: f"{each.source}: {each.says}")
def test_of_a_published_policy_only_public_statements_change(published: Any) -> None:
    left = without_public(published.text)
    kept = [each for number, each in enumerate(published.statements, 1) if number not in published.public]
    after = json.loads(left)["Statement"] if left else []
    assert [each for each in after if each in published.statements] == kept
    assert len(after) <= len(published.statements)


@given(texts(), wants)
def test_a_finding_has_only_the_statements_that_differ_and_reads_as_the_whole_change(
    text: str, want: PolicyText
) -> None:
    after = want.target(text)
    if not want.holds(text):
        before_shown, after_shown = want.shown(text, after)
        assert difference(before_shown, after_shown) == difference(text, after)
        unchanged = [each for each in pieces(text) if after is not None and each in pieces(str(after))]
        assert not [each for each in unchanged if pieces(text).count(each) == 1 and each in str(before_shown)]


def policy(*some: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(some)})


def grant(principal: Any, action: Any, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": f"{ARN}/*", **more}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"AWS": ["*", ACCOUNT]}, {"AWS": [ACCOUNT]}),
        ({"AWS": "*", "Service": "s3.amazonaws.com"}, {"Service": "s3.amazonaws.com"}),
        ({"AWS": ["*"], "CanonicalUser": "79a5"}, {"CanonicalUser": "79a5"}),
    ],
    ids=str,
)
def test_who_is_named_beside_everybody_keeps_access(before: Any, after: Any) -> None:
    left = without_public(policy(grant(before, "s3:GetObject", Sid="Mixed")))
    assert left is not None
    assert json.loads(left)["Statement"] == [grant(after, "s3:GetObject", Sid="Mixed")]


@pytest.mark.parametrize(
    "principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}, {"Federated": "graph.facebook.com"}], ids=str
)
def test_a_policy_of_public_statements_alone_is_none_in_the_end(principal: Any) -> None:
    assert without_public(policy(grant(principal, "s3:GetObject"))) is None


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("s3:PutObject", None),
        ("s3:Put*", None),
        ("s3:*", None),
        ("*", None),
        ("s3:*Object", None),
        ("s3:D*", None),
        ("S3:putobjectacl", None),
        (["s3:GetObject", "s3:PutObject"], ["s3:GetObject"]),
        (["s3:GetObject", "s3:DeleteObject*", "s3:ListBucket"], ["s3:GetObject", "s3:ListBucket"]),
        (["s3:GetObject", "s3:*"], None),
        (["s3:GetObject", "s3:RestoreObject"], ["s3:GetObject"]),
        (["s3:GetObject", "s3:BypassGovernanceRetention"], ["s3:GetObject"]),
        ("s3:GetObject", "s3:GetObject"),
        ("s3:Get*", "s3:Get*"),
        (["s3:List*", "s3:GetObject"], ["s3:List*", "s3:GetObject"]),
    ],
    ids=str,
)
def test_only_what_the_public_may_write_goes(action: Any, left: Any) -> None:
    found = without_public(policy(grant("*", action), grant({"AWS": ACCOUNT}, "s3:*")), writes_only=True)
    assert found is not None
    expected = [grant("*", left)] if left else []
    assert json.loads(found)["Statement"] == [*expected, grant({"AWS": ACCOUNT}, "s3:*")]


@pytest.mark.parametrize(
    ("changed", "denies"),
    [
        ({}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Action": "*"}, True),
        ({"Action": ["s3:*"]}, True),
        ({"Resource": f"{ARN}*"}, True),
        ({"Resource": "*"}, True),
        ({"Condition": {"Bool": {"aws:securetransport": False}}}, True),
        ({"Effect": "Allow"}, False),
        ({"Principal": {"AWS": ACCOUNT}}, False),
        ({"Action": "s3:GetObject"}, False),
        ({"Resource": f"{ARN}/*"}, False),
        ({"Resource": ARN}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({"Condition": {"BoolIfExists": {"aws:SecureTransport": "false"}}}, False),
        ({"Condition": {**TLS["Condition"], "StringEquals": {"aws:SourceVpc": "vpc-1"}}}, False),  # type: ignore[dict-item]
        ({"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}}, False),
    ],
    ids=str,
)
def test_tls_is_required_only_if_nothing_narrows_the_deny(changed: dict[str, Any], denies: bool) -> None:
    assert denies_plain_http(policy({**TLS, **changed}), ARN) is denies


def test_a_bucket_without_policy_gets_one_that_only_asks_for_tls() -> None:
    made = PolicyText(tls_only=True, arn=ARN).target(None)
    assert json.loads(str(made)) == {"Version": "2012-10-17", "Statement": [TLS]}


def test_a_sid_of_the_policy_is_not_used_again() -> None:
    taken = [
        {**grant({"AWS": ACCOUNT}, "s3:*"), "Sid": f"AllowSSLRequestsOnly{number}"} for number in ("", 2)
    ]
    denied = parse(with_tls_only(policy(*taken), ARN))
    assert denied.statements[-1].content["Sid"] == "AllowSSLRequestsOnly3"


def test_where_an_api_wants_a_policy_the_empty_one_takes_its_place() -> None:
    default = policy(grant({"AWS": ACCOUNT}, "sns:Publish"))
    want = PolicyText(public="nothing").given({"Arn": ARN, "EmptyPolicy": default})
    assert want.target(policy(grant("*", "sns:Publish"))) == default
    assert want.target(None) is None


def test_two_texts_are_the_same_policy_whatever_their_spaces_and_the_order_of_their_keys() -> None:
    one = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*"}]}'
    other = '{"Statement":[{"Principal":"*","Effect":"Deny"}],"Version":"2012-10-17"}'
    assert same(one, other)
    assert not same(one, other.replace("Deny", "Allow"))


def test_people_see_statements_and_not_a_document() -> None:
    before = policy(
        grant("*", "s3:GetObject", Sid="PublicRead"),
        grant({"AWS": ["*", ACCOUNT]}, "s3:*"),
        grant({"AWS": ACCOUNT}, "s3:*", Sid="Kept"),
    )
    want = PolicyText(public="nothing", tls_only=True, arn=ARN)
    assert as_change(before, want.target(before)) == (
        "remove statement PublicRead (Allow s3:GetObject to *), "
        f"narrow statement #1 (Allow s3:* to {ACCOUNT}), "
        "add statement AllowSSLRequestsOnly (Deny s3:* to *)"
    )
    assert as_text(before) == "a policy of 3 statements: PublicRead, #2, Kept"
    alone = policy(grant("*", "s3:GetObject", Sid="PublicRead"))
    assert as_change(alone, without_public(alone)) == (
        "remove statement PublicRead (Allow s3:GetObject to *), delete the policy"
    )
    assert difference("a", "b") is None
    assert as_change(None, None) == "not set -> not set"
