"""What the embedded engine's hub keeps, when many executions use it at once."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rightstate.storage.tables import LEDGER
from rightstate_cli.embedded.engine import Engine, acting_outside
from rightstate_cli.executions.executions import Start

REGION = "us-east-1"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One that could reach nothing but its own hub."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SFN"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with acting_outside(REGION) as made:
        yield made


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_table_is_read_while_others_write_to_it(engine: Engine, restless: None) -> None:
    """moto's fails such a read: its items changed while it went through them (A19)."""
    table = engine.table(LEDGER)

    def write(number: int) -> None:
        table.put({"resource": str(number), "at": "x", "day": "today", "execution": f"e-{number}"})

    def read(number: int) -> None:
        list(table.query("today", "day"))

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(each, number) for number in range(150) for each in (write, read)]
    assert [each.exception() for each in done if each.exception()] == []
    assert len(engine.ledger()) == 150


def test_it_has_nothing_of_its_own_but_step_functions(engine: Engine) -> None:
    """A call that went to AWS instead would be made with credentials that are none."""
    with pytest.raises(NotImplementedError):
        engine.client("sns")


def test_no_simulated_aws_is_imported_where_it_acts_outside() -> None:
    """moto takes a second."""
    made = "from rightstate_cli.embedded.engine import acting_outside\nimport sys\n"
    made += "with acting_outside('eu-west-1'):\n    print([name for name in sys.modules if 'moto' in name])"
    ran = subprocess.run([sys.executable, "-c", made], capture_output=True, text=True, check=True)  # noqa: S603
    assert ran.stdout == "[]\n"


def test_a_run_that_was_given_up_leaves_nothing_to_the_next_one(engine: Engine) -> None:
    starts = [Start(resource_type="sqs-queue", input={"account": "no"}) for _ in range(3)]
    next(engine.run(starts))
    assert len(list(engine.run(starts))) == 3
