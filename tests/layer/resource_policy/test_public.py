"""What counts as public: published policies, and texts that are no policy."""

import json
from collections import Counter

import pytest

from rightstate.resource_policy import NotUnderstood, is_document, parse, public_statements, without_public
from tests.layer.resource_policy.published import PUBLISHED, Published


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: f"{each.source}: {each.says}")
def test_a_published_policy_is_public_where_its_source_says_so(published: Published) -> None:
    found = public_statements(parse(published.text))
    assert [each.number for each in found] == published.public


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: f"{each.source}: {each.says}")
def test_what_is_left_of_a_published_policy_is_not_public(published: Published) -> None:
    left = without_public(published.text)
    assert left is None or public_statements(parse(left)) == []


def test_the_table_has_each_policy_once_and_80_at_least() -> None:
    assert len(PUBLISHED) >= 80
    counts = Counter(json.dumps(each.statements, sort_keys=True) for each in PUBLISHED)
    assert [each for each, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[]",
        "{}",
        '{"Version": "2012-10-17"}',
        '{"Statement": "none"}',
        '{"Statement": [7]}',
        '{"Statement": [{"Effect": "Perhaps"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": ["*"]}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Condition": "none"}]}',
        '{"Statement": [{"Effect": "Allow", "Principal": "*", "Condition": {"Bool": "true"}}]}',
        '{"Statement": [], "Statement": []}',
        '{"Statement": [{"Effect": "Deny", "Effect": "Allow", "Principal": "*"}]}',
        '{"Statement": []} {}',
    ],
)
def test_a_text_that_is_no_policy_is_refused_and_never_taken_for_private(broken: str) -> None:
    assert not is_document(broken)
    with pytest.raises(NotUnderstood, match="Nothing was changed"):
        parse(broken)
