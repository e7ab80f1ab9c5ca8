"""The skeleton of a resource type, and what `make docs` writes of events and policies."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from authoring import event_files, new_type, published

from rightstate.catalogue import load
from rightstate_cli.application import events


def test_a_skeleton_has_a_file_for_each_part_and_every_one_of_them_is_to_be_filled_in(tmp_path: Path) -> None:
    written = new_type.write(tmp_path, "imaginary-thing", "logs")
    assert len(written) == 6
    left = list(new_type.left(tmp_path, "imaginary-thing"))
    assert {line.partition(":")[0] for line in left} == {str(file.relative_to(tmp_path)) for file in written}
    for file in written:
        if file.suffix == ".py":
            compile(file.read_text(), file, "exec")


def test_a_type_that_is_filled_in_has_nothing_left(tmp_path: Path) -> None:
    for file in new_type.write(tmp_path, "imaginary-thing", "logs"):
        file.write_text("")
    assert list(new_type.left(tmp_path, "imaginary-thing")) == [
        "events/imaginary-thing/FillIn.json: the file's name"
    ]


@pytest.mark.parametrize(
    ("name", "service", "why"),
    [
        ("sqs-queue", "sqs", "already"),
        ("LogGroup", "logs", "no name"),
        ("../x", "logs", "no name"),
        ("imaginary-thing", "loggs", "no service loggs"),
    ],
)
def test_a_skeleton_is_not_written_over_another_type_nor_without_a_name_and_a_service(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    service: str,
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert new_type.main([name, service]) == 2
    told = capsys.readouterr().err
    assert why in told
    assert told.endswith("Nothing was written.\n")
    assert list(tmp_path.iterdir()) == []


def test_both_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert new_type.main(["imaginary-thing"]) == 2
    assert "SERVICE=" in capsys.readouterr().err


def call_of(folder: Path, name: str, **parts: Any) -> Path:
    file = folder / "sqs-queue" / f"{name}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(parts))
    return file


def test_the_envelope_of_a_call_is_rendered_once_the_same_each_time(tmp_path: Path) -> None:
    queue = [load("sqs-queue")]
    parts = {"requestParameters": {"queueUrl": "https://..."}, "responseElements": None}
    files = [call_of(tmp_path, name, **parts) for name in ("CreateQueue", "SetQueueAttributes")]
    event_files.complete(tmp_path, queue)
    rendered = [file.read_text() for file in files]
    first, second = map(events.read, files)
    for event, name in (first, "CreateQueue"), (second, "SetQueueAttributes"):
        assert (
            event["detail"].items()
            >= {"eventName": name, "eventSource": "sqs.amazonaws.com", **parts}.items()
        )
    assert first["time"] < second["time"]
    assert first["id"] != second["id"]
    event_files.complete(tmp_path, queue)
    assert [file.read_text() for file in files] == rendered
    call_of(tmp_path, "SetQueueAttributes", **parts)
    event_files.complete(tmp_path, queue)
    assert [file.read_text() for file in files] == rendered


def test_a_call_that_no_rule_names_is_an_error(tmp_path: Path) -> None:
    call_of(tmp_path, "PurgeQueue", requestParameters={}, responseElements=None)
    with pytest.raises(ValueError, match=r"events/sqs-queue/PurgeQueue.json: no rule of sqs-queue"):
        event_files.complete(tmp_path, [load("sqs-queue")])


def test_a_new_policy_is_published_and_a_published_one_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "published.csv"
    file.write_text(
        "id,aliases,title,category,resource_type,security_hub_control\ns3-versioning,A;B,Old,C,t,\n"
    )
    queue = load("sqs-queue")
    queue = replace(queue, policies=queue.policies[:1])
    changed = [load("s3-bucket").policy("s3-versioning"), *queue.policies]
    published.publish(file, [replace(queue, policies=tuple(filter(None, changed)))])
    published.publish(file, [queue])
    _, kept, added = file.read_text().splitlines()
    assert kept == "s3-versioning,A;B,Old,C,t,"
    assert added.startswith("sqs-server-side-encryption,")
