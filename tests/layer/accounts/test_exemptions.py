"""What excuses a policy, and what does not."""

from datetime import datetime, timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from rightstate.accounts import exemptions, settings
from rightstate.catalogue import load, names
from rightstate.errors import SettingsUnreadable
from rightstate.models.decision import Excuse
from rightstate.models.settings import Account, Enabled, Exemption, Handling, Managed
from rightstate.models.start import Event
from rightstate.models.tasks import Run
from rightstate.policy import Mode
from rightstate.resource_type import Resource

AT = "2026-11-25T08:00:00.000Z"
ACCOUNT = "111122223333"
BUCKET = Resource(account=ACCOUNT, region="eu-west-1", id="invoices")
S3 = load("s3-bucket")
ASKED = ("s3-versioning", "s3-default-encryption")
EARLY, LATE = datetime(2000, 1, 1), datetime(9999, 11, 1)


def exemption(**given: Any) -> Exemption:
    return Exemption.model_validate(
        {
            "id": "ex-1a2b3c4d",
            "reason": "Legacy import",
            "approver": "ana@example.com",
            "created": "2026-11-01T00:00:00Z",
            "until": "2026-12-31T00:00:00Z",
            **given,
        }
    )


def account(*given: Exemption, **more: Any) -> Account:
    return Account(account=ACCOUNT, exemptions=given, **more)


def known(*given: Exemption, resource: Resource = BUCKET, at: str = AT) -> dict[str, Excuse]:
    return exemptions.known(account(*given), S3, resource, ASKED, at)


@pytest.mark.parametrize(
    ("given", "excused"),
    [
        ({}, set(ASKED)),
        ({"policies": ["s3-versioning"]}, {"s3-versioning"}),
        ({"policies": ["S3VersioningEnabled"]}, {"s3-versioning"}),
        ({"policies": ["sqs-server-side-encryption"]}, set()),
        # Not among those asked about.
        ({"policies": ["s3-block-public-access"]}, set()),
        ({"resource": "eu-west-1/s3-bucket/invoices"}, set(ASKED)),
        ({"resource": "eu-west-1/s3-bucket/invoices", "policies": ["s3-versioning"]}, {"s3-versioning"}),
        ({"resource": "eu-west-1/s3-bucket/Invoices"}, set()),
        ({"resource": "eu-west-1/s3-bucket/invoices2"}, set()),
        ({"resource": "eu-west-1/s3-bucket/invoice*"}, set()),
        ({"resource": "us-east-1/s3-bucket/invoices"}, set()),
        ({"resource": "eu-west-1/sqs-queue/invoices"}, set()),
        # Tags are not known yet.
        ({"tag": "team=payments"}, set()),
    ],
    # The same in each process, whatever the order of a set is there.
    ids=lambda each: str(sorted(each)),
)
def test_an_exemption_excuses_what_it_names_alone(given: dict[str, Any], excused: set[str]) -> None:
    assert set(known(exemption(**given))) == excused


def test_an_excuse_says_why_by_whom_until_when_and_by_which_exemption() -> None:
    assert known(exemption(policies=["s3-versioning"])) == {
        "s3-versioning": Excuse(
            kind="exempt",
            reason="Legacy import (approved by ana@example.com, until 2026-12-31T00:00:00Z)",
            rule="exemption ex-1a2b3c4d",
        )
    }


@pytest.mark.parametrize(
    ("until", "counts"),
    [
        ("2026-11-25T08:00:00Z", False),
        ("2026-11-25T08:00:00.001Z", True),
        ("2026-11-25T07:59:59.999Z", False),
        # As a text it is before 08:00:00.000Z.
        ("2026-11-25T08:00:01Z", True),
        ("2020-01-01T00:00:00Z", False),
    ],
)
def test_an_exemption_counts_until_its_time_and_not_at_it(until: str, counts: bool) -> None:
    assert bool(known(exemption(until=until))) is counts


def test_of_two_exemptions_the_one_that_lasts_longer_is_named() -> None:
    short = exemption(id="ex-00000001", until="2026-11-26T00:00:00Z")
    long = exemption(id="ex-00000002", until="2027-01-01T00:00:00Z")
    for given in ((short, long), (long, short)):
        assert {each.rule for each in known(*given).values()} == {"exemption ex-00000002"}


@pytest.mark.parametrize(
    "until",
    ["2026-13-01T00:00:00Z", "2026-02-31T00:00:00Z", "9999", "", "2026-12-31", "2026-12-31T00:00:00+09:00"],
)
def test_a_time_that_cannot_be_compared_is_none(until: str) -> None:
    with pytest.raises(ValidationError):
        exemption(until=until)


@pytest.mark.parametrize("kind", names())
def test_only_names_that_have_no_case_in_aws_match_in_another_case(kind: str) -> None:
    resource_type = load(kind)
    ids = [policy.id for policy in resource_type.policies]
    given = exemption(resource=f"eu-west-1/{kind}/orders")
    for name in ("orders", "ORDERS"):
        resource = Resource(account=ACCOUNT, region="eu-west-1", id=name)
        found = exemptions.known(account(given), resource_type, resource, ids, AT)
        covered = exemptions.covers(given, ids[0], resource_type, resource, AT)
        assert (set(found) == set(ids)) is covered is (name == "orders" or resource_type.lower_case)


# --- How long ---


@pytest.mark.parametrize(
    ("created", "until", "ends"),
    [
        ("2026-11-01T08:00:00Z", "2026-12-01T23:59:59Z", "2026-12-01T23:59:59Z"),
        # `exempt add --days 30` counts to the end of the last day.
        ("2026-11-01T00:00:00Z", "2026-12-01T23:59:59.999Z", "2026-12-01T23:59:59.999Z"),
        ("2026-11-01T23:59:59Z", "2026-12-02T00:00:00Z", "2026-12-01T23:59:59Z"),
        ("2026-11-01T08:00:00Z", "9999-12-31T23:59:59Z", "2026-12-01T23:59:59Z"),
        ("9999-12-30T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_an_exemption_ends_when_the_longest_allowed_one_would(created: str, until: str, ends: str) -> None:
    written = exemption(created=created, until=until)
    [found] = exemptions.limited(account(written), 30).exemptions
    assert found.until == ends
    assert found.settings_until == (None if until == ends else until)
    assert account(written).exemptions == (written,)


@hypothesis.given(created=st.datetimes(min_value=EARLY, max_value=LATE), until=st.datetimes(min_value=EARLY))
def test_no_exemption_counts_longer_than_is_allowed(created: datetime, until: datetime) -> None:
    written = exemption(created=f"{created.isoformat()}Z", until=f"{until.isoformat()}Z")
    [found] = exemptions.limited(account(written), 30).exemptions
    late = created + timedelta(days=31)
    assert not exemptions.in_force(found, f"{late.isoformat()}+00:00")


@pytest.mark.parametrize(
    ("created", "counts"),
    [
        ("2026-11-25T08:00:00Z", True),
        # The clocks of two machines differ.
        ("2026-11-25T08:04:59Z", True),
        ("2026-11-25T08:05:01Z", False),
        ("2026-12-01T00:00:00Z", False),
    ],
)
def test_an_exemption_does_not_count_before_it_was_created(created: str, counts: bool) -> None:
    given = exemption(created=created)
    assert bool(known(given)) is counts
    assert exemptions.covers(given, "s3-versioning", S3, BUCKET, AT) is counts


def test_an_excuse_says_that_the_settings_ask_for_longer_than_is_allowed() -> None:
    forever = account(exemption(until="9999-12-31T23:59:59Z"))
    found = exemptions.known(exemptions.limited(forever, 30), S3, BUCKET, ASKED, AT)
    assert found["s3-versioning"].reason == (
        "Legacy import (approved by ana@example.com, until 2026-12-01T23:59:59Z; the settings ask for "
        "9999-12-31T23:59:59Z, which is longer than ExemptionDays allows)"
    )


# --- By tag ---


@pytest.mark.parametrize("allowed", [True, False])
def test_exemptions_by_tag_count_only_where_the_account_lets_them(allowed: bool) -> None:
    given = exemption(tag="team=payments")
    found = exemptions.by_tag(account(given, tag_exemptions=allowed), S3, ASKED, AT)
    assert [each.tag for each in found] == (["team=payments"] if allowed else [])


def test_tags_decide_by_default_about_nothing() -> None:
    assert Account(account=ACCOUNT).tag_exemptions is False


@pytest.mark.parametrize(
    "given",
    [
        exemption(tag="a=b", until="2026-11-01T00:00:00Z"),
        exemption(tag="a=b", policies=["sqs-server-side-encryption"]),
        exemption(),
    ],
    ids=["expired", "of another type", "of the account"],
)
def test_no_tags_are_asked_for_what_they_cannot_decide(given: Exemption) -> None:
    assert exemptions.by_tag(account(given, tag_exemptions=True), S3, ASKED, AT) == ()


def test_what_has_no_tags_is_not_asked_for_any() -> None:
    policies = ("iam-password-policy-min-length",)
    allowed = account(exemption(tag="a=b"), tag_exemptions=True)
    assert exemptions.by_tag(allowed, load("iam-password-policy"), policies, AT) == ()


def run(**given: Any) -> Run:
    return Run(
        resource=BUCKET,
        role_arn=None,
        external_id=None,
        policies={name: Enabled(mode=Mode.AUTO) for name in ASKED},
        **given,
    )


@pytest.mark.parametrize(
    ("tags", "excused"),
    [
        ({"team": "payments"}, True),
        ({"team": "payments", "other": "x"}, True),
        ({"team": "Payments"}, False),
        ({"Team": "payments"}, False),
        ({"team": "payments2"}, False),
        ({"team": ""}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_tag_excuses_with_its_key_and_value_in_full(tags: dict[str, str], excused: bool) -> None:
    tagged = run(tagged=(exemption(tag="team=payments"),))
    assert bool(exemptions.of_run(tagged, S3, tags, AT)) is excused


def test_more_exemptions_by_tag_than_fit_into_state_data_let_nothing_be_changed() -> None:
    given = [exemption(tag=f"team={number}") for number in range(exemptions.MOST_BY_TAG)]
    assert len(exemptions.by_tag(account(*given, tag_exemptions=True), S3, ASKED, AT)) == len(given)
    # Of another type or ended they do not count.
    more = (
        exemption(tag="a=b", policies=["sqs-server-side-encryption"]),
        exemption(tag="a=b", until="2026-11-01T00:00:00Z"),
    )
    exemptions.by_tag(account(*given, *more, tag_exemptions=True), S3, ASKED, AT)
    with pytest.raises(SettingsUnreadable, match="at most 20"):
        exemptions.by_tag(account(*given, exemption(tag="a=b"), tag_exemptions=True), S3, ASKED, AT)


@pytest.mark.parametrize("name", names())
def test_the_longest_texts_fit_into_state_data(name: str) -> None:
    resource_type = load(name)
    policies = [policy.id for policy in resource_type.policies]
    most = {"reason": "é" * 1024, "approver": "é" * 256, "by": "x" * 2048, "policies": policies}
    given = [exemption(**most, tag=f"{'é' * 128}={'é' * 256}") for _ in range(exemptions.MOST_BY_TAG)]
    full = account(*given, exemption(**most), tag_exemptions=True)
    passed = Run(
        resource=BUCKET,
        role_arn=None,
        external_id=None,
        policies={name: Enabled(mode=Mode.AUTO) for name in policies},
        excuses=exemptions.known(full, resource_type, BUCKET, policies, AT),
        tagged=exemptions.by_tag(full, resource_type, policies, AT),
    )
    # Twice more: as read from tags, and in the verdicts.
    excuses = sum(len(each.model_dump_json().encode()) for each in passed.excuses.values())
    assert len(passed.model_dump_json().encode()) + 2 * excuses < 200_000


# --- Infrastructure as code ---


def event(principal: str = "", source: str = "") -> Event:
    return Event(id="1", name="CreateBucket", time=AT, principal=principal, source=source)


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        (
            {"aws:cloudformation:stack-name": "payments"},
            "The CloudFormation stack payments manages the resource.",
        ),
        (
            {"terraform": "secret-value"},
            "Its tag terraform says that infrastructure as code manages the resource.",
        ),
        (
            {"ManagedBy": "terraform"},
            "Its tag ManagedBy says that infrastructure as code manages the resource.",
        ),
        ({"ManagedBy": "ana"}, ""),
        ({"managedby": "terraform"}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_a_resource_is_managed_by_its_tags(tags: dict[str, str], why: str) -> None:
    found = exemptions.of_run(run(managed=Managed(handling=Handling.REPORT)), S3, tags, AT)
    excuse = Excuse(kind="managed", reason=why, rule="managed: report")
    assert found == (dict.fromkeys(ASKED, excuse) if why else {})


ROLE = "arn:aws:sts::111122223333:assumed-role"


@pytest.mark.parametrize(
    ("given", "managed"),
    [
        (event(source="cloudformation.amazonaws.com"), True),
        (event(f"{ROLE}/deploy/AWSCloudFormation"), True),
        (event(f"{ROLE}/terraform-ci/run-17"), True),
        (event(f"{ROLE}/Terraform-ci/run-17"), False),
        (event(f"{ROLE}/other/terraform-ci"), False),
        # The same words where they say nothing.
        (event("arn:aws:iam::111122223333:user/AWSCloudFormation"), False),
        (event(f"{ROLE}/AWSCloudFormation/ana"), False),
        (event(source="203.0.113.7"), False),
        (event(), False),
        (None, False),
    ],
    ids=str,
)
def test_a_resource_is_managed_by_who_made_the_call(given: Event | None, managed: bool) -> None:
    handling = Managed(handling=Handling.REPORT, principals=(f"{ROLE}/terraform-*/*",))
    assert bool(exemptions.of_run(run(managed=handling, event=given), S3, {}, AT)) is managed


def test_in_a_principal_only_the_star_stands_for_something() -> None:
    handling = Managed(handling=Handling.REPORT, principals=(f"{ROLE}/[ab]?/*",))
    for principal, managed in ((f"{ROLE}/a1/x", False), (f"{ROLE}/[ab]?/x", True)):
        found = exemptions.of_run(run(managed=handling, event=event(principal)), S3, {}, AT)
        assert bool(found) is managed


def test_an_exemption_by_tag_goes_before_being_managed() -> None:
    both = run(
        managed=Managed(handling=Handling.REPORT),
        tagged=(exemption(tag="terraform=yes", policies=["s3-versioning"]),),
    )
    found = exemptions.of_run(both, S3, {"terraform": "yes"}, AT)
    assert {name: each.kind for name, each in found.items()} == {
        "s3-versioning": "exempt",
        "s3-default-encryption": "managed",
    }


@pytest.mark.parametrize(
    ("given", "needed"),
    [
        ({}, False),
        ({"tagged": (exemption(tag="a=b"),)}, True),
        ({"managed": Managed(handling=Handling.DELAY)}, True),
        ({"managed": Managed(handling=Handling.REPORT, tags=())}, False),
    ],
    ids=str,
)
def test_tags_are_needed_only_where_something_depends_on_them(given: dict[str, Any], needed: bool) -> None:
    assert exemptions.needs_tags(run(**given)) is needed


# --- Settings that are not understood enable nothing ---


@pytest.mark.parametrize(
    "broken",
    [
        {"policies": ["s3-versionning"]},
        {"resource": "invoices"},
        {"resource": "s3-bucket/invoices"},
        {"resource": "eu-west-1/s3-buckets/invoices"},
        {"resource": "eu-west-1/s3-bucket/"},
    ],
    ids=str,
)
@pytest.mark.parametrize("resource_type", ["s3-bucket", "sqs-queue"])
def test_an_exemption_of_what_does_not_exist_makes_the_settings_unreadable(
    broken: dict[str, Any], resource_type: str
) -> None:
    with pytest.raises(SettingsUnreadable, match="Nothing was changed"):
        settings.enabled(account(exemption(**broken)), load(resource_type))


def test_an_exemption_of_a_policy_of_another_type_or_by_its_alias_is_understood() -> None:
    given = account(exemption(policies=["sqs-server-side-encryption", "S3VersioningEnabled"]))
    assert settings.enabled(given, S3) == {}


@pytest.mark.parametrize(
    "broken",
    [
        {"until": "soon"},
        {"until": None},
        {"id": "ex-1"},
        {"approver": ""},
        {"reason": ""},
        {"tag": "team"},
        {"tag": "a=b", "resource": "eu-west-1/s3-bucket/invoices"},
        {"forever": True},
    ],
    ids=str,
)
def test_a_malformed_exemption_makes_the_settings_unreadable(broken: dict[str, Any]) -> None:
    item = {**exemption().model_dump(mode="json", exclude_none=True), **broken}
    with pytest.raises(SettingsUnreadable, match="exemptions"):
        settings.parsed(ACCOUNT, {"account": ACCOUNT, "exemptions": [item]})
