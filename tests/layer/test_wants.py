"""What a want may do to a setting: reach it, never weaken it, and combine in any order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rightstate.errors import PlanConflict
from rightstate.wants import (
    AnythingBut,
    AtLeast,
    AtMost,
    EachAtLeast,
    Exactly,
    Includes,
    Lacks,
    OneOf,
    Value,
    Want,
)

RANKING = ("AES256", "aws:kms", "aws:kms:dsse")
numbers = st.integers(-1, 400)
items = st.lists(st.sampled_from("abcdef"), unique=True)
some_items = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1).map(tuple)
values: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), numbers, st.sampled_from(["", "none", *RANKING]), items
)
at_least = st.builds(AtLeast, minimum=st.integers(1, 50), raise_to=st.integers(0, 60))
at_most = st.builds(AtMost, maximum=st.integers(1, 365))
one_of = st.lists(st.sampled_from(RANKING), min_size=1, unique=True).flatmap(
    lambda allowed: st.sampled_from(allowed).map(
        lambda otherwise: OneOf(allowed=tuple(allowed), otherwise=otherwise, ranking=RANKING)
    )
)
includes = st.builds(Includes, items=some_items)
lacks = st.builds(Lacks, items=some_items)
wants: st.SearchStrategy[Want] = st.one_of(
    st.builds(Exactly, value=st.booleans()),
    at_least,
    at_most,
    one_of,
    st.just(AnythingBut(value="none", otherwise="SSE-SQS")),
    includes,
    lacks,
    st.builds(EachAtLeast, ranking=st.just(("a", "b", "c")), minimum=st.sampled_from("abc")),
)


@given(wants, values)
def test_the_target_satisfies_the_want_and_stays_when_applied_again(want: Want, observed: Value) -> None:
    target = want.target(observed)
    assert want.holds(target)
    assert want.target(target) == target


@given(st.one_of(st.builds(Exactly, value=st.booleans()), at_least, at_most, one_of), values)
def test_a_value_that_satisfies_is_not_changed_beyond_a_recommendation(want: Want, observed: Value) -> None:
    if want.holds(observed) and not (isinstance(want, AtLeast) and want.raise_to > want.minimum):
        assert want.target(observed) == observed


@given(at_least, numbers)
def test_at_least_never_lowers_a_number(want: AtLeast, observed: int) -> None:
    target = want.target(observed)
    assert isinstance(target, int)
    assert target >= observed


@given(at_most, numbers)
def test_at_most_never_raises_a_limit_that_there_is(want: AtMost, observed: int) -> None:
    target = want.target(observed)
    assert isinstance(target, int)
    if observed > 0:
        assert target <= observed


@given(one_of, st.sampled_from(RANKING))
def test_a_ranked_choice_is_never_replaced_by_a_weaker_one(want: OneOf, observed: str) -> None:
    assert RANKING.index(str(want.target(observed))) >= RANKING.index(observed)


@given(includes, items)
def test_includes_keeps_every_item(want: Includes, observed: list[str]) -> None:
    target = want.target(observed)
    assert isinstance(target, list)
    assert set(target) == set(observed) | set(want.items)


@given(lacks, items)
def test_lacks_removes_only_what_it_names(want: Lacks, observed: list[str]) -> None:
    assert want.target(observed) == [item for item in observed if item not in want.items]


@given(
    st.one_of(
        st.tuples(at_least, at_least),
        st.tuples(at_most, at_most),
        st.tuples(includes, includes),
        st.tuples(lacks, lacks),
    ),
    values,
)
def test_two_wants_that_meet_are_both_satisfied_in_either_order(
    pair: tuple[Want, Want], observed: Value
) -> None:
    one, other = pair
    first, second = one.meet(other).target(observed), other.meet(one).target(observed)
    assert first == second
    assert one.holds(first)
    assert other.holds(first)


@given(one_of, one_of, st.sampled_from(RANKING))
def test_two_choices_meet_at_one_that_both_allow_or_conflict(one: OneOf, other: OneOf, observed: str) -> None:
    common = set(one.allowed) & set(other.allowed)
    if not common:
        with pytest.raises(PlanConflict):
            one.meet(other)
        return
    met = one.meet(other)
    assert met.holds(met.target(observed))
    assert isinstance(met, OneOf)
    assert set(met.allowed) == common


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Exactly(value=True), Exactly(value=False)),
        (AtLeast(minimum=1), AtMost(maximum=7)),
        (Includes(items=("a",)), Lacks(items=("a",))),
        (AnythingBut(value="none", otherwise="a"), AnythingBut(value="none", otherwise="b")),
    ],
    ids=str,
)
def test_wants_that_cannot_both_be_had_are_a_conflict_and_not_settled_by_order(
    one: Want, other: Want
) -> None:
    with pytest.raises(PlanConflict):
        one.meet(other)
    with pytest.raises(PlanConflict):
        other.meet(one)


def test_at_least_1_and_at_least_7_meet_at_7() -> None:
    assert AtLeast(minimum=1, raise_to=7).meet(AtLeast(minimum=7)).target(3) == 7


def test_a_bound_takes_the_value_of_the_parameter_that_it_names() -> None:
    assert AtLeast(minimum_from="days").bind({"days": 9}).target(None) == 9


def test_a_parameter_that_is_not_declared_is_an_error() -> None:
    with pytest.raises(KeyError):
        AtLeast(minimum_from="days").bind({})


def test_a_target_that_the_policy_itself_forbids_is_refused() -> None:
    want = OneOf(allowed_from="allowed", otherwise_from="target", ranking=RANKING)
    with pytest.raises(ValidationError):
        want.bind({"allowed": ["aws:kms"], "target": "AES256"})
