"""Looks that surveys from somebody's machine write, as the hub's sweeps and backfills do."""

from datetime import UTC, datetime
from threading import Lock
from uuid import uuid4

from rightstate.aws.errors import named_errors
from rightstate.clock import written
from rightstate.errors import ResourceGone, RightstateError
from rightstate.resource_type import Place, ResourceType
from rightstate.states.assessment import Page, line_of
from rightstate.surveying.looks import Look, Looks

BY = "local survey"
"""With the command's name behind it, what `Counts.by` has of a look from somebody's machine."""
_ASIDE = "surveys/"


class Looking:
    """A `survey.Looked` that writes each survey down. Memory does not grow with the number of resources: a
    look holds one part at a time.

    `failed` says why a look could not be written. The survey goes on without it.
    """

    def __init__(self, kept: Looks, command: str) -> None:
        self.failed: RightstateError | None = None
        self._kept = kept
        self._by = f"{BY}: {command}"
        self._aside = f"{_ASIDE}{written(datetime.now(UTC))}-{uuid4()}"
        self._looks: dict[tuple[str, str, str], Look] = {}
        self._lock = Lock()

    def __call__(self, resource_type: ResourceType, place: Place, page: Page) -> None:
        if self.failed:
            return
        where = (place.account, place.region, resource_type.name)
        with self._lock:
            look = self._looks.get(where)
            if look is None:
                aside = f"{self._aside}/{'/'.join(where)}/"
                look = self._looks[where] = Look(*where, aside, kept=self._kept)
        try:
            for each in page.assessed:
                if not isinstance(each.error, ResourceGone):
                    look.add(line_of(resource_type, each, page.read_at))
            if not page.next:
                look.finish(datetime.now(UTC), self._by, "")
                with self._lock:
                    del self._looks[where]
        except RightstateError as error:
            self.failed = error

    def tidy(self) -> None:
        """Remove what a process that was killed on an earlier day has set aside."""
        today = f"{_ASIDE}{written(datetime.now(UTC))[:10]}"
        with named_errors():
            for key in list(self._kept.objects.keys(_ASIDE)):
                if key < today:
                    self._kept.objects.delete(key)

    def discard(self) -> None:
        """Remove what surveys that have not ended have set aside."""
        for look in self._looks.values():
            look.discard()
        self._looks.clear()
