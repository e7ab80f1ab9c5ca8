"""The ids by which a list names executions."""

from hypothesis import given
from hypothesis import strategies as st

from rightstate_cli.executions.executions import SHORT, short_ids

names = st.lists(st.text("ab-", min_size=1, max_size=24), unique=True)


@given(names)
def test_an_id_means_one_execution_of_the_list(listed: list[str]) -> None:
    for name, short in short_ids(listed).items():
        meant = [each for each in listed if each.startswith(short) or each.endswith(short)]
        assert name in meant
        # A whole name may begin another one. It means its own execution all the same.
        assert meant == [name] or short == name


def test_executions_whose_names_end_alike_have_longer_ids() -> None:
    ids = short_ids(["first-1-a2480762", "first-2-a2480762", "other-3-a2480762"])
    assert list(ids.values()) == ["1-a2480762", "2-a2480762", "3-a2480762"]


def test_an_id_is_no_longer_than_it_has_to_be() -> None:
    assert short_ids(["0f1e2d3c-5b6a", "7a5cb28f-5b6b"]) == {
        "0f1e2d3c-5b6a": "2d3c-5b6a"[-SHORT:],
        "7a5cb28f-5b6b": "b28f-5b6b"[-SHORT:],
    }


def test_of_none_there_is_none() -> None:
    assert short_ids([]) == {}
