"""A resource type in a simulated account, surveyed with every call recorded."""

from dataclasses import dataclass, field
from typing import Any

from rightstate.identify import at_home
from rightstate.resource_type import Place, ResourceType
from rightstate.surveying.survey import Seen, survey
from tests.support import cycle

REGION = "us-east-1"


def place_of(resource_type: ResourceType) -> Place:
    return at_home(resource_type, Place(account="123456789012", region=REGION))


@dataclass
class World:
    """A type, and the account that has resources of it."""

    resource_type: ResourceType
    account: cycle.Account
    made: frozenset[str] = frozenset()
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        self.place = place_of(self.resource_type)
        # Clients are made by one thread, as a session's are.
        for service in (self.resource_type.service, "s3control"):
            self.account.client(service)

    def survey(self, asked: frozenset[str], **options: Any) -> dict[str, Seen]:
        found = survey(self.resource_type, self.account.client, self.place, asked, **options)
        return {seen.resource.id: seen for page in found for seen in page.seen}
