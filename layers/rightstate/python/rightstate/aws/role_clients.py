"""Clients that the sessions of all roles share. Each call is signed with the credentials of its own session.

Every execution has sessions of its own (attribution, and a policy that allows no more than it needs). Were
their clients made anew, a third of the processor's time of an execution about a bucket would go into that,
and each would open its connections anew.

A client that is shared has no credentials. A call has those that its session's `RoleClient` gives for as long
as it lasts, in its own thread and context. A call that comes by any other way has none, and fails.
"""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import boto3
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

_of_this_call: ContextVar[ReadOnlyCredentials | None] = ContextVar("credentials", default=None)


class _OfTheCall(Credentials):
    """The credentials of the call that is signed. Raises NoCredentialsError where it has none."""

    def __init__(self) -> None:
        super().__init__("", "", method="assume-role")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        found = _of_this_call.get()
        if found is None:
            raise NoCredentialsError
        return found


class _Provider:
    def load_credentials(self) -> Credentials:
        return _OfTheCall()


def without_credentials(core: Any) -> Any:
    """A session of boto3 whose clients have no credentials but those of a call. `core` is a fresh session of
    botocore, which the environment and the files of the user give everything else."""
    core.register_component("credential_provider", _Provider())
    return boto3.Session(botocore_session=core)


class RoleClient:
    """A shared client as one session has it: each call is signed with the session's credentials."""

    def __init__(self, client: Any, keys: ReadOnlyCredentials) -> None:
        self._shared = client
        self._credentials = keys

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._shared, name)
        # `meta` and `exceptions` are no calls.
        return self._signed(found) if callable(found) else found

    def get_paginator(self, operation_name: str) -> Any:
        """Its pages are calls of this client, whenever they are asked for."""
        return type(self._shared).get_paginator(self, operation_name)

    def get_waiter(self, waiter_name: str) -> Any:
        """Waiting is the definition's. Raises NotImplementedError."""
        raise NotImplementedError("A client of a role has no waiters.")

    def _signed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            before = _of_this_call.set(self._credentials)
            try:
                return method(*given, **named)
            finally:
                _of_this_call.reset(before)

        return call
