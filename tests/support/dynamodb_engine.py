"""The embedded engine with the tables, the topic and the bus of a deployed hub, which moto simulates."""

from collections.abc import Iterator
from contextlib import contextmanager

from rightstate import storage
from rightstate.notifying import channels
from rightstate.storage.tables import TABLES
from rightstate_cli.application import sam_template
from rightstate_cli.embedded.engine import Engine, simulated
from rightstate_cli.simulation import moto_gaps

_TAKEN = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")


@contextmanager
def running(wait_scale: float = 0.001) -> Iterator[Engine]:
    """For tests about the calls that the functions make in the hub's account."""
    with simulated(wait_scale=wait_scale, storage=storage._deployed) as engine, moto_gaps.fill():
        declared = sam_template.of_type("AWS::DynamoDB::Table")
        for spec in TABLES:
            name = f"{spec.name.title()}Table"
            given = {key: declared[name][key] for key in _TAKEN if key in declared[name]}
            engine.client("dynamodb").create_table(TableName=engine.resources[name], **given)
        topic = engine.resources["Notifications"].rpartition(":")[2]
        engine.client("sns").create_topic(Name=topic)
        with channels.told_through(channels.Deployed()):
            yield engine
