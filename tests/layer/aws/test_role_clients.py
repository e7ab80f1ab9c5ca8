"""The clients that the sessions of all roles share: whose credentials sign a call."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from rightstate.aws import sessions
from rightstate.aws.role_clients import RoleClient
from rightstate.aws.sessions import Session
from rightstate.models.tasks import Identity
from rightstate.resource_type import Place

PLACE = Place(account="111122223333", region="eu-west-1")


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """The access key and the token of each call to KMS, which answers with one page after the other."""
    # What the process itself has is never to be used.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    calls: list[tuple[str, str]] = []

    def answer(request: Any, **event: Any) -> Any:
        header = request.headers["Authorization"]
        header = header.decode() if isinstance(header, bytes) else header
        token = request.headers["X-Amz-Security-Token"]
        calls.append(
            (
                header.partition("Credential=")[2].partition("/")[0],
                token.decode() if isinstance(token, bytes) else token,
            )
        )
        more = b'{"Keys": [], "Truncated": true, "NextMarker": "more"}'
        body = more if b"Marker" not in request.body else b'{"Keys": [], "Truncated": false}'
        return SimpleNamespace(status_code=200, headers={}, content=body, raw=None, text=body.decode())

    with sessions.hub_kept_apart(boto3.Session):
        sessions._role_client("kms", PLACE.region).meta.events.register("before-send", answer)
        yield calls


def session(name: str) -> Session:
    identity = Identity(account=PLACE.account, arn=f"arn:aws:sts::{PLACE.account}:assumed-role/role/{name}")
    keys = ReadOnlyCredentials(f"AKIA{name}", "secret", f"token-{name}", None)
    return Session(identity, PLACE, keys, datetime.max.replace(tzinfo=UTC))


def test_sessions_share_a_client_and_sign_with_their_own_credentials(signed: list[tuple[str, str]]) -> None:
    one, other = session("one").client("kms"), session("other").client("kms")
    for client in (one, other, one):
        client.list_keys()
    assert one._shared is other._shared
    assert signed == [("AKIAone", "token-one"), ("AKIAother", "token-other"), ("AKIAone", "token-one")]


def test_side_by_side_no_call_has_the_credentials_of_another(signed: list[tuple[str, str]]) -> None:
    names = [f"{number:02}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: session(name).client("kms").list_keys(), names))
    assert sorted(signed) == [(f"AKIA{name}", f"token-{name}") for name in names]


def test_each_page_is_signed_whoever_calls_in_between(signed: list[tuple[str, str]]) -> None:
    pages = iter(session("one").client("kms").get_paginator("list_keys").paginate())
    next(pages)
    session("other").client("kms").list_keys()
    next(pages)
    assert [key for key, _ in signed] == ["AKIAone", "AKIAother", "AKIAone"]


def test_a_call_that_fails_leaves_no_credentials_behind(signed: list[tuple[str, str]]) -> None:
    with pytest.raises(Exception, match="Unknown parameter"):
        session("one").client("kms").list_keys(Nothing=1)
    with pytest.raises(NoCredentialsError):
        sessions._role_client("kms", PLACE.region).list_keys()
    assert signed == []


def test_the_shared_client_itself_has_no_credentials_not_even_those_of_the_process(
    signed: list[tuple[str, str]],
) -> None:
    client = session("one").client("kms")
    assert isinstance(client, RoleClient)
    client.list_keys()
    with pytest.raises(NoCredentialsError):
        client._shared.list_keys()
    with pytest.raises(NotImplementedError):
        client.get_waiter("anything")
    assert len(signed) == 1
