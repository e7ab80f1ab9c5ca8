"""A hook on botocore that writes down the calls of the functions' clients."""

from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from rightstate.aws import sessions


class Calls:
    """Within it, `made` holds `service:Operation` of each call to the account to remediate."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self._make = sessions._client
        self._patch = patch.object(sessions, "_client", self._recording)

    def __enter__(self) -> Self:
        # Clients that are kept were made without the hook.
        sessions._forget()
        # Made now: of two threads that ask at once for the first time each gets one of its own.
        sessions._own()
        sessions._roles()
        self._patch.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._patch.stop()
        sessions._forget()

    @property
    def writes(self) -> list[str]:
        return [
            call
            for call in self.made
            if not call.split(":")[1].startswith(("Get", "Describe", "List", "Assume"))
        ]

    def _recording(self, session: Any, service: str, **options: Any) -> Any:
        client = self._make(session, service, **options)
        # The hub has a session of its own.
        if session in (sessions._own(), sessions._roles()):
            client.meta.events.register("before-call", self._record)
        return client

    def _record(self, model: Any, **given: Any) -> None:
        self.made.append(f"{model.service_model.service_name}:{model.name}")
