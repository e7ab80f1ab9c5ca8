"""What a stage logs and how it caches, method by method, and when it is waited for or left alone."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from rightstate.aws.errors import named_errors
from rightstate.catalogue import load
from rightstate.errors import ResourceGone
from rightstate.models.decision import Decision, Outcome, Status
from rightstate.resource_type import Place, Resource
from rightstate.wants import Value
from rightstate_cli.simulation import examples
from tests.support.cycle import Account, enabled, make, observe, plan, remediate, undo

STAGE = load("api-gateway-rest-stage")
RESOURCE = Resource(account="123456789012", region="us-east-1", id="a1b2c3d4e5/stages/prod")
LOGGING, CACHES = "api-gateway-rest-execution-logging", "api-gateway-rest-cache-encryption"
NAMED = {"restApiId": "a1b2c3d4e5", "stageName": "prod"}


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        assert examples.load("api-gateway-rest-stage").create(session, RESOURCE.id, "") == RESOURCE.id
        yield Account()


def methods(account: Account) -> Any:
    return account.client("apigateway").get_stage(**NAMED)["methodSettings"]


def decided(account: Account, policy: str, stage: dict[str, Any], **parameters: Value) -> Decision:
    """What is planned of a stage that AWS describes so."""
    described = {"stageName": "prod", **stage}
    with Stubber(account.client("apigateway")) as stubber:
        stubber.add_response("get_stage", described)
        if policy == LOGGING:
            stubber.add_response("get_account", {"cloudwatchRoleArn": "arn:aws:iam::123456789012:role/logs"})
        return plan(STAGE, account, RESOURCE, enabled(STAGE, policy, **parameters))


def test_one_call_makes_all_changes_and_an_undo_sets_each_method_back(account: Account) -> None:
    before = methods(account)
    account.calls.clear()
    decision = remediate(STAGE, account, RESOURCE, enabled(STAGE))
    assert sorted(account.calls) == ["apigateway:GetAccount", "apigateway:GetStage", "apigateway:UpdateStage"]
    assert decision.calls[0].parameters == {
        **NAMED,
        "patchOperations": [
            {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"},
            {"op": "replace", "path": "/~1carts/GET/logging/loglevel", "value": "ERROR"},
            {"op": "replace", "path": "/~1carts/GET/caching/dataEncrypted", "value": "true"},
        ],
    }
    assert plan(STAGE, account, RESOURCE, enabled(STAGE)).outcome is Outcome.COMPLIANT
    make(STAGE, account, RESOURCE, undo(STAGE, account, RESOURCE, decision))
    assert methods(account) == before


@pytest.mark.parametrize(
    ("settings", "level", "written"),
    [
        ({}, "ERROR", {"*/*": "ERROR"}),
        ({"*/*": {"metricsEnabled": True}}, "ERROR", {"*/*": "ERROR"}),
        ({"*/*": {"loggingLevel": "OFF"}}, "INFO", {"*/*": "INFO"}),
        ({"*/*": {"loggingLevel": "ERROR"}}, "ERROR", {}),
        ({"*/*": {"loggingLevel": "INFO"}}, "ERROR", {}),
        ({"*/*": {"loggingLevel": "ERROR"}}, "INFO", {"*/*": "INFO"}),
        (
            {"*/*": {"loggingLevel": "INFO"}, "~1a~1b/GET": {"loggingLevel": "OFF"}, "~1c/PUT": {}},
            "ERROR",
            {"~1a~1b/GET": "ERROR", "~1c/PUT": "ERROR"},
        ),
    ],
)
def test_the_stage_and_each_method_that_overrides_it_log_at_least_that(
    account: Account, settings: dict[str, Any], level: str, written: dict[str, str]
) -> None:
    decision = decided(account, LOGGING, {"methodSettings": settings}, level=level)
    operations = [each for call in decision.calls for each in call.parameters["patchOperations"]]
    assert {each["path"]: each["value"] for each in operations} == {
        f"/{method}/logging/loglevel": value for method, value in written.items()
    }


CACHED = {"cachingEnabled": True, "cacheDataEncrypted": False}


@pytest.mark.parametrize(
    ("stage", "outcome", "written"),
    [
        ({"cacheClusterEnabled": False, "methodSettings": {"*/*": CACHED}}, Outcome.NOT_APPLICABLE, []),
        ({"cacheClusterEnabled": True, "methodSettings": {}}, Outcome.COMPLIANT, []),
        (
            {"cacheClusterEnabled": True, "methodSettings": {"*/*": {**CACHED, "cachingEnabled": False}}},
            Outcome.COMPLIANT,
            [],
        ),
        (
            {
                "cacheClusterEnabled": True,
                "methodSettings": {"*/*": CACHED, "~1a/GET": {**CACHED, "cacheDataEncrypted": True}},
            },
            Outcome.REMEDIATED,
            ["/*/*/caching/dataEncrypted"],
        ),
    ],
    ids=["no cache", "nothing is cached", "caching is off", "one of two is encrypted"],
)
def test_what_is_cached_is_encrypted_and_nothing_else_is_changed(
    account: Account, stage: dict[str, Any], outcome: Outcome, written: list[str]
) -> None:
    decision = decided(account, CACHES, stage)
    assert decision.outcome is outcome
    paths = [each["path"] for call in decision.calls for each in call.parameters["patchOperations"]]
    assert paths == written


def test_without_a_role_to_log_with_the_stage_is_left_alone_and_still_counts_as_broken(
    account: Account,
) -> None:
    account.client("apigateway").update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}]
    )
    [verdict] = plan(STAGE, account, RESOURCE, enabled(STAGE, LOGGING)).verdicts
    assert verdict.status is Status.HELD
    assert "no role to write logs with" in verdict.reason


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        ("CREATE_IN_PROGRESS", True),
        ("DELETE_IN_PROGRESS", True),
        ("FLUSH_IN_PROGRESS", True),
        ("AVAILABLE", False),
        ("NOT_AVAILABLE", False),
    ],
)
def test_a_cache_that_is_being_changed_is_waited_for(account: Account, status: str, waits: bool) -> None:
    with Stubber(account.client("apigateway")) as stubber:
        stubber.add_response("get_stage", {"stageName": "prod", "cacheClusterStatus": status})
        busy = STAGE.busy(observe(STAGE, account, RESOURCE, enabled(STAGE, CACHES)))
    assert (busy is not None) is waits


@pytest.mark.parametrize("missing", ["a1b2c3d4e5/stages/test", "z9/stages/prod"])
def test_a_stage_that_does_not_exist_is_gone(account: Account, missing: str) -> None:
    with pytest.raises(ResourceGone), named_errors(gone=STAGE.gone):
        plan(STAGE, account, RESOURCE.model_copy(update={"id": missing}), enabled(STAGE, CACHES))


# --- Listing ---

PLACE = Place(account=RESOURCE.account, region="us-east-1")


def test_the_stages_of_every_api_are_listed_and_an_api_that_is_deleted_meanwhile_has_none(
    account: Account,
) -> None:
    with Stubber(account.client("apigateway")) as stubber:
        stubber.add_response(
            "get_rest_apis", {"items": [{"id": "a1"}, {"id": "b2"}], "position": "next"}, {"limit": 25}
        )
        stubber.add_response("get_stages", {"item": [{"stageName": "prod"}, {"stageName": "test"}]})
        stubber.add_client_error("get_stages", "NotFoundException")
        stubber.add_response("get_rest_apis", {"items": [{"id": "c3"}]}, {"limit": 25, "position": "next"})
        stubber.add_response("get_stages", {"item": [{"stageName": "prod"}]})
        found = list(STAGE.find(account.client, PLACE))
    assert found == ["a1/stages/prod", "a1/stages/test", "c3/stages/prod"]


def test_an_api_whose_stages_cannot_be_listed_hides_nothing(account: Account) -> None:
    with Stubber(account.client("apigateway")) as stubber:
        stubber.add_response("get_rest_apis", {"items": [{"id": "a1"}]})
        stubber.add_client_error("get_stages", "AccessDeniedException")
        with pytest.raises(ClientError):
            list(STAGE.find(account.client, PLACE))


def test_an_event_that_names_no_stage_is_about_all_stages_of_its_api(account: Account) -> None:
    client = account.client("apigateway")
    deployment = client.get_deployments(restApiId="a1b2c3d4e5")["items"][0]["id"]
    client.create_stage(restApiId="a1b2c3d4e5", stageName="test", deploymentId=deployment)
    assert STAGE.members is not None
    assert sorted(STAGE.members(account.client, PLACE, "a1b2c3d4e5")) == [
        ("us-east-1", "a1b2c3d4e5/stages/prod"),
        ("us-east-1", "a1b2c3d4e5/stages/test"),
    ]
