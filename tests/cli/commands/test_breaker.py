"""`rightstate breaker`: what is halted, and to let it go on."""

from collections.abc import Iterator

import pytest

from tests.cli.commands.conftest import OTHER, OWN, REGION, Cli
from tests.support.halting import halt
from tests.support.moto_engine import Engine

POLICY = "sqs-server-side-encryption"
QUEUE = f"{OWN}/{REGION}/sqs-queue/a-queue-with-a-name-that-is-longer-than-most-terminals-are-wide-today"
BUCKET = f"{OTHER}/eu-west-1/s3-bucket/invoices"
DATABASES = [f"{OWN}/{REGION}/{kind}-instance/orders" for kind in ("rds", "neptune")]


@pytest.fixture(autouse=True)
def halts(engine: Engine) -> Iterator[None]:
    halt(QUEUE, POLICY)
    halt(BUCKET, "s3-versioning", "s3-logging")
    for each in DATABASES:
        halt(each, "a-policy")
    yield
    table, dynamodb = engine.resources["GuardsTable"], engine.client("dynamodb")
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("id", "what")})


def left(cli: Cli) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in cli("breaker", "list", "--format", "json").json:
        found.setdefault(each["resource"], set()).add(each["policy"])
    return found


@pytest.mark.parametrize("columns", ["40", "80", "200", ""])
def test_a_resource_stands_whole_to_be_copied(cli: Cli, columns: str) -> None:
    ran = cli("breaker", "list", COLUMNS=columns)
    lines = [line.strip() for line in ran.out.splitlines()]
    assert lines[0] == "5 halts"
    assert [line for line in lines if "/" in line] == sorted([QUEUE, BUCKET, *DATABASES], key=lines.index)
    assert ran.code == 1


@pytest.mark.parametrize(
    ("named", "options", "released"),
    [
        (QUEUE, [], {QUEUE: {POLICY}}),
        (f"arn:aws:sqs:{REGION}:{OWN}:{QUEUE.rpartition('/')[2]}", [], {QUEUE: {POLICY}}),
        ("arn:aws:s3:::invoices", [], {BUCKET: {"s3-versioning", "s3-logging"}}),
        ("arn:aws:s3:::invoices", ["--policy", "s3-logging"], {BUCKET: {"s3-logging"}}),
        (DATABASES[0], [], {DATABASES[0]: {"a-policy"}}),
    ],
)
def test_what_is_named_by_its_key_or_arn_goes_on(
    cli: Cli, named: str, options: list[str], released: dict[str, set[str]]
) -> None:
    before = left(cli)
    ran = cli("breaker", "release", named, *options, "--format", "json")
    [(resource, policies)] = released.items()
    assert (ran.code, ran.json["resource"], set(ran.json["released"])) == (0, resource, policies)
    expected = before | {resource: before[resource] - policies}
    assert left(cli) == {key: some for key, some in expected.items() if some}


@pytest.mark.parametrize(
    ("named", "options", "said"),
    [
        (f"arn:aws:sqs:{REGION}:{OTHER}:{QUEUE.rpartition('/')[2]}", [], "is not halted"),
        ("arn:aws:s3:::payments", [], "is not halted"),
        ("invoices", [], "is not halted"),
        (BUCKET, ["--policy", POLICY], "not for every --policy"),
        (f"arn:aws:rds:{REGION}:{OWN}:db:orders", [], f"may be any of {DATABASES[1]}, {DATABASES[0]}"),
    ],
)
def test_what_is_not_halted_or_may_be_two_is_refused(
    cli: Cli, named: str, options: list[str], said: str
) -> None:
    before = left(cli)
    ran = cli("breaker", "release", named, *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert "Nothing was released" in ran.err
    assert left(cli) == before
