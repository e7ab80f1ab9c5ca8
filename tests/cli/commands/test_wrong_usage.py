"""What nobody meant: a sentence that says what is wrong, exit code 2, and nothing done."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from tests.cli.commands.conftest import Server

Refused = Callable[..., str]

LONG = "q" * 10_240


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--type", "sqs"], "No resource type is named 'sqs'. There are: "),
        (["--type", "sqs-quue"], "Did you mean sqs-queue?"),
        (["--type", LONG], "No resource type is named 'qqq"),
        (["--policy", "kms-key-rotations"], "Did you mean kms-key-rotation? `rightstate policies`"),
        (["--policy", LONG], "No policy is named 'qqq"),
        (["--policy", "kms-key-rotation", "--type", "sqs-queue"], "kms-key-rotation is about kms-key, which"),
        (["--account", "12345"], "'12345' is not an account id, which has 12 digits."),
        (["--account", LONG], "is not an account"),
        (["--region", "Frankfurt"], "'Frankfurt' is not a region; they look like eu-west-1."),
        (["--region", "mars-north-1"], "The AWS configuration cannot be used. Unknown region"),
        (["--role", "no such role"], "'no such role' is neither the name nor the ARN of a role."),
        (
            ["--account", "444455556666", "--role", "arn:aws:iam::999999999999:role/theirs"],
            "is a role of account 999999999999, not of 444455556666.",
        ),
        (["--set", "kms-key-rotation"], "--set takes POLICY.PARAMETER=VALUE, not 'kms-key-rotation'."),
        (["--set", "no-such.parameter=1"], "No policy is named 'no-such'."),
        (["--set", "asg-cooldown.speed=1"], "no parameter 'speed'; it takes: default_cooldown_seconds."),
        (["--set", "asg-cooldown.default_cooldown_seconds=0"], "'0' is not a value for asg-cooldown"),
        (["--set", "asg-cooldown.default_cooldown_seconds=soon"], "'soon' is not a value for asg-cooldown"),
        (
            ["--type", "sqs-queue", "--set", "asg-cooldown.default_cooldown_seconds=9"],
            "--set names asg-cooldown, which this run leaves out.",
        ),
        (["--resource", "invoices"], "'invoices' could be of several types. Give its ARN, or one --type."),
        (["--resource", "arn:aws:mq:us-east-1:123456789012:broker:x"], "is not the ARN of a resource"),
        (["--format", "xml"], "xml"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "remediate"])
def test_an_option_that_cannot_be_meant(
    refused: Refused, server: Server, command: str, args: list[str], said: str
) -> None:
    told = refused(command, *args)
    assert said in told
    assert len(told) < 2000
    assert set(server.calls) <= {"sts:GetCallerIdentity"}


@pytest.mark.parametrize(
    "name",
    ["", "../other", "line\nbreak", "*", "a*", "${x}", "a;b", "a b", LONG, "\u202einvoices", "\x1b[31mred"],
)
@pytest.mark.parametrize("resource_type", ["sqs-queue", "s3-bucket", "rds-instance", "kms-key"])
def test_a_name_that_no_resource_can_have(
    refused: Refused, server: Server, resource_type: str, name: str
) -> None:
    told = refused("remediate", "--yes", "-t", resource_type, "-r", name)
    assert f"cannot be the name of a resource of type {resource_type}" in told
    assert "Nothing was changed" in told
    assert told.rstrip("\n").isprintable() and len(told) < 500
    assert server.calls == ["sts:GetCallerIdentity"]


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        ("arn:aws:sqs:us-east-1:999999999999:invoices", "belongs to account '999999999999'"),
        ("arn:aws:sqs:eu-west-1:123456789012:invoices", "belongs to region 'eu-west-1'"),
        ("arn:aws-cn:sqs:us-east-1:123456789012:invoices", "belongs to partition 'aws-cn'"),
    ],
)
def test_an_arn_of_elsewhere(refused: Refused, server: Server, arn: str, said: str) -> None:
    assert said in refused("remediate", "--yes", "-r", arn)
    assert server.calls == ["sts:GetCallerIdentity"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "There are no AWS credentials. Configure"),
        ({"AWS_DEFAULT_REGION": ""}, "No region is known. Give --region, or set AWS_DEFAULT_REGION."),
        ({"AWS_PROFILE": "absent"}, "There is no AWS profile 'absent'."),
        ({"AWS_ENDPOINT_URL": "localhost"}, "Invalid endpoint: localhost"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "http://127.0.0.1:9 does not answer"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "remediate"])
def test_an_environment_that_does_not_lead_to_an_account(
    refused: Refused, command: str, environment: dict[str, str], said: str
) -> None:
    assert said in refused(command, **environment)


def test_the_file_of_an_event_that_is_none(refused: Refused, tmp_path: Path) -> None:
    for text, said in {
        "not json": "is not JSON",
        # Python takes these for numbers.
        '{"id": NaN}': "is not JSON",
        '{"id": -Infinity}': "is not JSON",
        "[]": "it lacks id, source",
        '{"id": "1"}': "it lacks source, detail-type, account, region, time, detail",
        '{"eventName": "CreateQueue"}': "It looks like a bare CloudTrail record",
    }.items():
        (tmp_path / "event.json").write_text(text)
        assert said in refused("replay", str(tmp_path / "event.json"))
    assert "cannot be read: No such file" in refused("replay", str(tmp_path / "absent.json"))


DEEP = {
    # Python parses the first, and could not write it again; the second is beyond its own stack.
    "deep": '{"a":' * 500 + "1" + "}" * 500,
    "deeper": "[" * 100_000 + "]" * 100_000,
    "not closed": "[" * 100_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("replay FILE", "nested more than 100 levels deep. Nothing was replayed."),
        ("replay FILE --match-only", "nested more than 100 levels deep. Nothing was replayed."),
        ("replay FILE --deployed --yes", "nested more than 100 levels deep. Nothing was replayed."),
        ("plan --from FILE", "nested more than 100 levels deep. Nothing was planned."),
        ("plan --show FILE", "nested more than 100 levels deep. Nothing was changed."),
        ("apply FILE --yes", "nested more than 100 levels deep. Nothing was changed."),
        ("report --from FILE -o out", "nested more than 100 levels deep. Nothing was written."),
        ("report --from NOTHING -o out --settings FILE", "does not hold accounts"),
        ("report --check .", "holds no report of Rightstate"),
    ],
)
def test_json_that_is_nested_too_deep_is_an_error_and_no_traceback(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, said: str, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nothing.jsonl").write_text("")
    file = tmp_path / "manifest.json"
    file.write_text(text)
    args = command.replace("FILE", str(file)).replace("NOTHING", "nothing.jsonl").split()
    told = " ".join(refused(*args).split())
    assert said in told
    assert len(told) < 2000
    assert not Path("out").exists()


def test_a_policy_that_does_not_exist(refused: Refused) -> None:
    assert "Did you mean rds-mysql-multi-az?" in refused("policies", "show", "rds-mysql-multiaz")


def test_an_unforeseen_error_is_told_as_a_defect_and_not_as_a_finding(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise KeyError(name)

    # The package has a function of the module's name.
    show = import_module("rightstate_cli.commands.policies.show")
    monkeypatch.setattr(show, "find_policy", fail)
    assert "Rightstate met an error that it did not foresee: KeyError" in refused("policies", "show", "any")
