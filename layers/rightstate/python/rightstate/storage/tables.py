"""The three tables: their keys and indexes, as template.yaml declares them."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Index:
    """A second way to look items up: by `partition`, sorted by `sort` where there is one.

    `whole` says whether the index has all of an item. One that has not gives an item's key and what else it
    holds.
    """

    name: str
    partition: str
    sort: str = ""
    whole: bool = True


@dataclass(frozen=True)
class TableSpec:
    """A table's key, its indexes, and the environment variable that names it in Lambda."""

    name: str
    variable: str
    partition: str
    sort: str = ""
    indexes: tuple[Index, ...] = field(default=())

    def index(self, name: str) -> Index:
        """The index of that name; the table's own key for an empty one."""
        if not name:
            return Index("", self.partition, self.sort)
        return next(each for each in self.indexes if each.name == name)

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the key's attributes."""
        return (self.partition, self.sort) if self.sort else (self.partition,)


SETTINGS = TableSpec("settings", "SETTINGS_TABLE", "account")
LEDGER = TableSpec(
    "ledger",
    "LEDGER_TABLE",
    "resource",
    "at",
    (
        Index("batch", "batch", "at", whole=False),
        Index("account", "account", "at"),
        Index("day", "day", "at"),
        Index("execution", "execution", whole=False),
    ),
)
GUARDS = TableSpec("guards", "GUARDS_TABLE", "id", "what", (Index("halts", "listed", "id"),))
TABLES = (SETTINGS, LEDGER, GUARDS)
