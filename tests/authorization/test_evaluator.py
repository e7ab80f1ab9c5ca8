"""The evaluator of policies that other tests rely on, against what the IAM User Guide says."""

from typing import Any

import pytest

from tests.support.authorization import Request, Unknown, allowed, effect

ROLE = "arn:aws:iam::111122223333:role/reader"
SERVICE = "events.amazonaws.com"
OBJECT = "arn:aws:s3:::amzn-s3-demo-bucket/a/b.txt"


def statement(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **elements}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def of(**elements: Any) -> str | None:
    """The effect of one statement on reading the object."""
    context = elements.pop("context", {})
    principal = elements.pop("principal", ROLE)
    action = elements.pop("action", "s3:GetObject")
    resource = elements.pop("resource", OBJECT)
    return effect(policy(statement(**elements)), Request(principal, action, resource, context))


# IAM User Guide, the page of each element.
MATCHING = [
    {"Action": "s3:GetObject"},
    {"Action": "s3:get*"},  # "not case-sensitive"
    {"Action": "*"},
    {"Action": ["s3:PutObject", "s3:Get?bject"]},
    {"Resource": OBJECT},
    {"Resource": "arn:aws:s3:::amzn-s3-demo-bucket/*"},
    {"Resource": "arn:aws:s3:::amzn-s3-demo-bucket/?/b.txt"},
    {"Principal": "*"},
    {"Principal": {"AWS": "*"}},
    {"Principal": {"AWS": ROLE}},
    {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
    {"Principal": {"Service": SERVICE}, "principal": SERVICE},
    {"Principal": {"AWS": ROLE, "Service": [SERVICE]}, "principal": SERVICE},
]
OTHERWISE = [
    {"Action": "s3:PutObject"},
    {"Action": "s3:GetObjectAcl"},
    {"Action": "s3:GetObjec"},
    {"Resource": "arn:aws:s3:::amzn-s3-demo-bucket"},
    {"Resource": "arn:aws:s3:::AMZN-S3-demo-bucket/*"},
    {"Resource": OBJECT, "resource": "*"},
    {"Principal": {"AWS": "arn:aws:iam::111122223333:role/read"}},
    {"Principal": {"AWS": "arn:aws:iam::444455556666:root"}},
    {"Principal": {"AWS": "arn:aws-cn:iam::111122223333:root"}},
    {"Principal": {"AWS": "*"}, "principal": SERVICE},
    {"Principal": {"Service": SERVICE}},
]


@pytest.mark.parametrize("elements", MATCHING, ids=str)
def test_a_statement_concerns_what_its_elements_match(elements: dict[str, Any]) -> None:
    assert of(**elements) == "Allow"
    assert of(**elements, Effect="Deny") == "Deny"


@pytest.mark.parametrize("elements", OTHERWISE, ids=str)
def test_a_statement_does_not_concern_what_an_element_does_not_match(elements: dict[str, Any]) -> None:
    assert of(**elements) is None


@pytest.mark.parametrize(
    ("element", "without", "concerned", "spared"),
    [
        ("NotAction", "Action", ["iam:*", "s3:PutObject"], ["s3:Get*", ["iam:*", "s3:GetObject"]]),
        ("NotResource", "Resource", ["arn:aws:s3:::other/*"], ["*", OBJECT]),
    ],
)
def test_a_not_element_concerns_everything_else(
    element: str, without: str, concerned: list[Any], spared: list[Any]
) -> None:
    def decided(value: Any) -> str | None:
        elements = {k: v for k, v in statement(**{element: value}).items() if k != without}
        return effect(policy(elements), Request(ROLE, "s3:GetObject", OBJECT))

    assert [decided(value) for value in concerned] == ["Allow"] * len(concerned)
    assert [decided(value) for value in spared] == [None] * len(spared)


TOPIC = "arn:aws:sns:us-east-1:111122223333:alerts"
# Operator, values in the policy, value in the request (None: it has no such key), whether they match.
# IAM User Guide, Condition operators.
CONDITIONS = [
    ("StringEquals", "queen-anne", "queen-anne", True),
    ("StringEquals", "queen-anne", "Queen-Anne", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", ["a", "b"], "c", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringLike", "home/*", "home/", True),
    ("StringLike", "home/*", "Home/a", False),
    ("StringLike", ["x", "?b"], "ab", True),
    ("StringLike", "?b", "b", False),
    ("StringLike", "*", None, False),
    ("ArnEquals", TOPIC, TOPIC, True),
    ("ArnEquals", "arn:aws:sns:*:111122223333:al?rts", TOPIC, True),
    ("ArnLike", "arn:aws:sns:us-east-1:*:alerts", TOPIC, True),
    ("ArnLike", ["arn:aws:sns:us-east-1:444455556666:*", "arn:aws:sns:us-east-1:*:*"], TOPIC, True),
    ("ArnLike", "arn:aws:sns:us-east-1:*", TOPIC, False),
    ("ArnLike", "arn:aws:sns:*:alerts", TOPIC, False),
    ("ArnLike", "*", TOPIC, False),
    ("ArnLike", "arn:aws:sns:us-east-1:111122223333:a*", f"{TOPIC}:sub:scription", True),
    ("ArnLike", TOPIC, None, False),
    ("Bool", "false", "False", True),
    ("Bool", "false", "true", False),
    ("Bool", "false", None, False),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", ["a", "b"], None, True),
    ("ForAllValues:StringLike", "a*", ["a", "ab"], True),
    # "Null": whether the key is absent.
    ("Null", "false", "a", True),
    ("Null", "false", None, False),
    ("Null", "true", None, True),
    ("Null", "true", ["a", "b"], False),
]


@pytest.mark.parametrize(("operator", "expected", "value", "matches"), CONDITIONS)
def test_a_condition_matches_as_its_operator_says(
    operator: str, expected: Any, value: Any, matches: bool
) -> None:
    context = {} if value is None else {"aws:Example": value}
    condition = {operator: {"AWS:example": expected}}  # "Condition key names are not case-sensitive"
    assert (of(Condition=condition, context=context) == "Allow") is matches


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:A": "a", "aws:B": "x"}},
        {"StringEquals": {"aws:A": "a"}, "StringLike": {"aws:B": "x"}},
    ],
)
def test_all_keys_and_all_operators_have_to_match(condition: Any) -> None:
    assert of(Condition=condition, context={"aws:A": "a", "aws:B": "x"}) == "Allow"
    assert of(Condition=condition, context={"aws:A": "a", "aws:B": "b"}) is None
    assert of(Condition=condition, context={"aws:A": "a"}) is None


def test_the_principal_is_in_the_context() -> None:
    for key, value in {"aws:PrincipalArn": ROLE, "aws:PrincipalAccount": "111122223333"}.items():
        condition = {"StringEquals": {key: value}}
        assert of(Condition=condition) == "Allow"
        assert of(Condition=condition, principal=SERVICE) is None


@pytest.mark.parametrize(
    "elements",
    [
        {"NotPrincipal": {"AWS": ROLE}},
        {"Principal": {"Federated": "accounts.google.com"}},
        {"Principal": ROLE},
        {"Effect": "allow"},
        {"Condition": {"StringEqualsIfExists": {"aws:Example": "a"}}},
        {"Condition": {"ForAnyValue:StringEquals": {"aws:Example": "a"}}},
        {"Condition": {"StringEquals": {"aws:Example": "a"}}, "context": {"aws:Example": ["a", "b"]}},
        {"Condition": {"NumericEquals": {"aws:Example": "1"}}},
        {"Condition": {"StringEquals": {"aws:Example": "${aws:PrincipalTag/team}"}}},
        # ... also where something else decides already.
        {"Action": "s3:PutObject", "Condition": {"NumericEquals": {"aws:Example": "1"}}},
    ],
    ids=str,
)
def test_what_is_not_understood_is_never_passed_over(elements: dict[str, Any]) -> None:
    with pytest.raises(Unknown):
        of(**elements)


# IAM User Guide, Policy evaluation logic.
ALLOW, OTHER = policy(statement()), policy(statement(Action="s3:PutObject"))
DENY = policy(statement(Effect="Deny", Action="s3:*"))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], False),
        ([[]], False),
        ([[ALLOW]], True),
        ([[OTHER]], False),
        ([[OTHER, ALLOW]], True),
        ([[ALLOW, DENY]], False),
        ([[policy(statement(), statement(Effect="Deny"))]], False),
        ([[ALLOW], [ALLOW]], True),
        ([[ALLOW], [OTHER]], False),
        ([[ALLOW], []], False),
        ([[ALLOW], [DENY]], False),
        ([[ALLOW], [ALLOW, DENY]], False),
    ],
)
def test_every_layer_has_to_allow_and_none_to_deny(layers: list[Any], expected: bool) -> None:
    assert allowed(Request(ROLE, "s3:GetObject", OBJECT), *layers) is expected
