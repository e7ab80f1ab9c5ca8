"""Choose what is wrong, see the plan, remediate it and follow it."""

import csv
import re
from collections.abc import Iterator
from html import unescape
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from rightstate.catalogue import find_policy
from rightstate.models.settings import Account, Enabled, Handling, Managed
from rightstate.policy import Mode
from rightstate_cli.executions.executions import Wanted
from rightstate_cli.operations import chosen, plan
from rightstate_cli.planning.accounts import Wanted as Chosen
from tests.cli.console.conftest import OWN, REGION
from tests.support import console
from tests.support.console import Browsing, text
from tests.support.server import Server

PLACE = f"{OWN}/{REGION}"
QUEUES = {"audit", "exports"}
OTHER = "444455556666"
FIFTY = 50


@pytest.fixture
def broken(server: Server, tmp_path: Path) -> Iterator[Browsing]:
    """The console of a ledger that has seen a broken queue, and nothing else."""
    server.make("sqs-queue", "broken")
    path = tmp_path / "ledger.sqlite"
    wanted = Chosen(types=("sqs-queue",))
    plan.make(wanted, None, None, path, lambda said: None, lambda done, found: None)
    with console.opened(path) as found:
        yield found
    server.session().client("sqs").delete_queue(QueueUrl=f"{server.endpoint}/{OWN}/broken")


def test_what_is_wrong_is_listed_the_most_severe_first_with_its_policies(browsing: Browsing) -> None:
    shown = text(browsing.get("/resources"))
    assert "1 to 3 of 3" in shown
    assert "sqs-server-side-encryption" in shown
    assert "kms-key-rotation" in shown
    assert f"sqs-queue · {OWN} · {REGION}" in shown
    assert "orders" not in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=AUDIT", {"audit"}),
        ("text=sqs+encryption+exports", {"exports"}),
        ("type=sqs-queue", QUEUES),
        ("policy=sqs-server-side-encryption", QUEUES),
        (f"account={OWN}&type=sqs-queue&text=aud", {"audit"}),
        ("state=broken&type=sqs-queue", QUEUES),
        ("framework=iso-27001-2022&type=sqs-queue", QUEUES),
        ("framework=nist-csf-2.0", set()),
        *((f"{each}", set()) for each in ("account=999999999999", "region=eu-west-1", "severity=critical")),
        *((f"state={each}", set()) for each in ("waiting", "unread", "halted", "nothing")),
    ],
)
def test_filters_narrow_it_and_are_in_the_address(browsing: Browsing, query: str, found: set[str]) -> None:
    answer = browsing.client.get(f"/resources?{query}&region=", headers={"HX-Request": "true"})
    listed = set(re.findall(r'data-row aria-label="Choose ([^"]*)"', answer.text))
    assert listed == found
    assert answer.headers["hx-replace-url"] == f"/resources?{query}"


def test_pages_are_cut_on_the_server(browsing: Browsing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rightstate_cli.console.resources._PAGE", 2)
    first = browsing.get("/resources")
    assert "1 to 2 of 3" in text(first)
    assert 'href="/resources?from=2"' in first
    assert "3 to 3 of 3" in text(browsing.get("/resources?from=2"))
    assert "3 to 3 of 3" in text(browsing.get("/resources?from=99"))


def test_a_plan_shows_settings_calls_and_risks_and_changes_nothing(
    browsing: Browsing, server: Server
) -> None:
    server.calls.clear()
    shown = text(browsing.worked(browsing.post("/plans", {"resource": f"{PLACE}/sqs-queue/audit"})))
    assert "Encryption none → SSE-SQS" in shown
    assert "sqs:SetQueueAttributes(" in shown
    assert "To change 1 setting of 1 resource" in shown
    assert (
        f"rightstate plan --account {OWN} --region {REGION} --resource arn:aws:sqs:{REGION}:{OWN}:audit"
        in shown
    )
    assert not server.writes


def test_the_plan_of_all_that_the_filter_finds(browsing: Browsing) -> None:
    shown = text(browsing.worked(browsing.post("/plans?type=sqs-queue", {"every": "yes"})))
    assert "Plan of 2 resources" in shown
    assert "To change 2 settings of 2 resources" in shown


def test_what_the_plan_shows_is_remediated_and_the_page_shows_it(broken: Browsing, server: Server) -> None:
    planned = broken.post("/plans", {"resource": f"{PLACE}/sqs-queue/broken"})
    broken.worked(planned)
    done = broken.post(f"{planned.url.path}/remediate", {"reason": "CHG-5521"})
    shown = text(broken.worked(done))
    assert "broken sqs-queue" in shown
    assert "remediated Encryption none → SSE-SQS" in shown
    assert f"rightstate remediate --account {OWN} --region {REGION} --resource" in shown
    assert "--reason CHG-5521" in shown
    [past] = broken.console.workspace.history(Wanted()).latest(9)[0]
    assert past.entry and past.entry.why == "CHG-5521"
    assert "Why CHG-5521" in text(broken.get(f"/executions/{past.execution.name}"))
    assert server.writes == ["sqs:SetQueueAttributes"]
    # What is known is read anew.
    assert "Choose broken" not in broken.get("/resources")
    assert "remediated" in text(broken.get("/executions"))


def test_a_plan_without_changes_is_not_carried_out(broken: Browsing) -> None:
    planned = broken.post("/plans", {"resource": f"{PLACE}/sqs-queue/missing"})
    assert "There is nothing to change" in text(broken.worked(planned))
    answer = broken.post(f"{planned.url.path}/remediate")
    assert (answer.status_code, "Nothing was begun" in answer.text) == (400, True)


@pytest.mark.parametrize("key", ["", "x", f"{PLACE}/nothing/x", f"{PLACE}/sqs-queue/a b<script>"])
def test_what_is_no_resource_is_not_planned(browsing: Browsing, key: str) -> None:
    answer = browsing.post("/plans", {"resource": key})
    shown = browsing.worked(answer) if answer.status_code == 200 else answer.text
    assert "Nothing was" in shown or "is not" in shown
    assert "<script>" not in shown.partition("<main")[2]


def test_a_run_waits_for_the_one_before_and_both_are_followed(
    broken: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = Event(), Event()

    def slow(self: Any, reason: str, stop: Event, progressed: Any, say: Any) -> chosen.Ended:
        begun.set()
        progressed(1, 2, "broken: remediated")
        end.wait(10)
        return chosen.Ended(())

    planned = broken.post("/plans", {"resource": f"{PLACE}/sqs-queue/broken"})
    broken.worked(planned)
    monkeypatch.setattr(chosen.PlannedHere, "run", slow)
    first = broken.post(f"{planned.url.path}/remediate")
    assert begun.wait(10)
    second = broken.post(f"{planned.url.path}/remediate")
    following = text(broken.get(first.url.path, **{"HX-Request": "true"}))
    assert "1 of 2 · broken: remediated" in following
    assert "Another run is under way" in text(broken.get(second.url.path))
    assert "2" in text(broken.get("/work"))
    broken.post(f"{first.url.path}/stop")
    assert "Stopping" in text(broken.get(first.url.path))
    end.set()
    assert "Nothing was run" in text(broken.worked(second))


def test_fifty_runs_begun_at_once_are_followed_to_their_end_and_none_is_lost(
    broken: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = Event()

    def held(self: Any, reason: str, stop: Event, progressed: Any, say: Any) -> chosen.Ended:
        progressed(1, 2, f"half of {reason}")
        end.wait(30)
        return chosen.Ended((), left=[f"This was {reason}."])

    planned = broken.post("/plans", {"resource": f"{PLACE}/sqs-queue/broken"})
    broken.worked(planned)
    monkeypatch.setattr(chosen.PlannedHere, "run", held)
    begun = [
        broken.post(f"{planned.url.path}/remediate", {"reason": f"CHG-{number}"}) for number in range(FIFTY)
    ]
    listed = broken.get("/work")
    assert all(f'href="{each.url.path}"' in listed for each in begun)
    assert "half of CHG-" in "".join(broken.get(each.url.path) for each in begun)
    end.set()
    for number, each in enumerate(begun):
        assert f"This was CHG-{number}." in text(broken.worked(each))
    assert not broken.console.works.running


def test_fifty_resources_of_one_run_are_all_on_its_page(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without a second process, whose start costs more than these do.
    monkeypatch.setattr("rightstate_cli.embedded.processes._cores", lambda: 1)
    queues = sqs_backends[OWN][REGION]
    named = {f"fifty-{number}" for number in range(FIFTY)}
    for name in named:
        queues.create_queue(name, SqsManagedSseEnabled="false")
    with console.opened(tmp_path / "ledger.sqlite") as found:
        planned = found.post("/plans", {"resource": [f"{PLACE}/sqs-queue/{name}" for name in sorted(named)]})
        assert "To change 50 settings of 50 resources" in text(found.worked(planned))
        begun = found.post(f"{planned.url.path}/remediate", {"reason": "CHG-50"})
        work = found.console.works.find(begun.url.path.rpartition("/")[2])
        seen = {0}
        while work and work.running:
            seen |= {int(each) for each in re.findall(r"(\d+) of 50 ", text(found.get(begun.url.path)))}
            work.stop.wait(0.2)
        page = found.get(begun.url.path)
    assert set(re.findall(r">(fifty-\d+)<", page)) == named
    assert text(page).count("remediated Encryption none → SSE-SQS") == FIFTY
    assert max(seen) > 0
    for name in named:
        del queues.queues[name]


def test_the_role_of_the_form_is_assumed_and_in_the_commands(server: Server, tmp_path: Path) -> None:
    server.make("sqs-queue", "theirs", OTHER)
    resource = {"resource": f"{OTHER}/{REGION}/sqs-queue/theirs"}
    with console.opened(tmp_path / "ledger.sqlite") as found:
        planned = found.post("/plans", {**resource, "role": "ops/fixer", "external_id": "x-1"})
        shown = text(found.worked(planned))
        assert "Encryption none → SSE-SQS" in shown
        assert "theirs --role ops/fixer --external-id x-1 --ledger" in shown
        done = text(found.worked(found.post(f"{planned.url.path}/remediate", {"reason": "CHG-1"})))
        assert "remediated" in done
        assert "--reason CHG-1" in done
        [past] = found.console.workspace.history(Wanted()).latest(9)[0]
        assert past.entry and past.entry.why == "CHG-1"
        assert "--role ops/fixer --external-id x-1" in done
        assumed = {each.role_arn for each in sts_backends[OTHER]["aws"].assumed_roles}
        assert f"arn:aws:iam::{OTHER}:role/ops/fixer" in assumed
        assert f"arn:aws:iam::{OTHER}:role/rightstate-remediation" not in assumed
        other = found.post("/plans", {**resource, "role": f"arn:aws:iam::{OWN}:role/fixer"})
        assert f"is a role of account {OWN}, not of {OTHER}" in text(found.worked(other))
        alone = found.post("/plans", {**resource, "external_id": "x-1"})
        assert (alone.status_code, "no role is named" in alone.text) == (400, True)


def test_the_form_of_a_plan_asks_for_the_role(browsing: Browsing) -> None:
    page = browsing.get("/resources")
    assert 'name="role"' in page
    assert 'name="external_id"' in page


def test_work_that_is_not_known_any_more_says_where_to_look(browsing: Browsing) -> None:
    answer = browsing.client.get("/work/0000")
    assert (answer.status_code, "the executions" in answer.text) == (400, True)


def test_one_resource_shows_what_was_done_and_what_decides_now(browsing: Browsing) -> None:
    key = f"{PLACE}/sqs-queue/orders"
    shown = text(browsing.get(f"/resources/{key}"))
    assert "remediated Encryption none → SSE-SQS" in shown
    assert f"rightstate explain {key}" in shown
    now = text(browsing.get(f"/explained/{key}"))
    assert "sqs-server-side-encryption auto compliant" in now


def test_a_resource_that_code_manages_shows_the_lines_to_change_there(
    broken: Browsing, server: Server
) -> None:
    tags = {"terraform": "queues"}
    server.session().client("sqs").tag_queue(QueueUrl=f"{server.endpoint}/{OWN}/broken", Tags=tags)
    policies = {"sqs-server-side-encryption": Enabled(mode=Mode.AUTO)}
    managed = Managed(handling=Handling.REPORT)
    broken.console.workspace.registry.put(Account(account=OWN, policies=policies, managed=managed))
    now = text(broken.get(f"/explained/{PLACE}/sqs-queue/broken"))
    assert "CloudFormation AWS::SQS::Queue: SqsManagedSseEnabled" in now
    assert "Terraform aws_sqs_queue: sqs_managed_sse_enabled" in now


def test_values_of_the_form_hold_for_the_plan_the_run_and_the_commands(
    server: Server, tmp_path: Path
) -> None:
    key = server.make("kms-key", "rotated")
    server.make("sqs-queue", "beside")
    keys = {"resource": [f"{PLACE}/kms-key/{key}", f"{PLACE}/sqs-queue/beside"]}
    ours = "kms-key-rotation.rotation_period_days=180"
    with console.opened(tmp_path / "ledger.sqlite") as found:
        own = {**keys, "set": f"{ours}\r\n\r\n"}
        planned = found.post("/plans", own)
        shown = text(found.worked(planned))
        assert "RotationPeriodInDays not set → 180" in shown
        assert f"--set {ours} --ledger" in shown
        done = text(found.worked(found.post(f"{planned.url.path}/remediate", {"reason": "CHG-1"})))
        assert "RotationPeriodInDays not set → 180" in done
        assert f"--set {ours}" in done
        for wrong, said in (
            ("kms-key-rotation.rotation_period_days", "takes POLICY.PARAMETER=VALUE"),
            ("kms-key-rotation.nothing=1", "has no parameter"),
            ("iam-password-policy-min-length.min_length=20", "is about none of the chosen resources"),
        ):
            answer = found.post("/plans", {**keys, "set": wrong})
            assert (answer.status_code, said in text(answer.text)) == (400, True), text(answer.text)


def test_one_resource_is_planned_with_a_role_and_values_too(browsing: Browsing) -> None:
    [address] = set(re.findall(r'href="(/resources/[^"]*kms-key[^"]*)"', browsing.get("/resources")))
    page = browsing.get(address)
    assert "kms-key-rotation.rotation_period_days" in text(page)
    assert 'form="plan"' in page
    assert all(f'name="{name}"' in page for name in ("role", "external_id", "set"))


# --- Files ---


def test_what_the_filter_finds_is_a_file_for_spreadsheets(browsing: Browsing) -> None:
    page = browsing.get("/resources?type=sqs-queue&text=audit")
    [address] = re.findall(r'href="(/resources\.csv[^"]*)"', page)
    answer = browsing.client.get(unescape(address))
    assert answer.headers["content-disposition"] == 'attachment; filename="rightstate-findings.csv"'
    [row] = csv.DictReader(StringIO(answer.text))
    assert (row["account"], row["region"], row["type"], row["resource"]) == (
        OWN,
        REGION,
        "sqs-queue",
        "audit",
    )
    assert (row["status"], row["policy"]) == ("broken", "sqs-server-side-encryption")
    assert row["severity"] == find_policy(row["policy"])[1].severity


def test_what_the_filter_finds_is_a_file_of_findings_in_the_ocsf(browsing: Browsing) -> None:
    answer = browsing.client.get("/resources.ocsf.jsonl?type=sqs-queue")
    found = [ComplianceFinding.model_validate_json(line) for line in answer.text.splitlines()]
    assert {each.resources[0].name for each in found} == QUEUES
    assert {each.compliance.control for each in found} == {"sqs-server-side-encryption"}
    assert len({each.finding_info.uid for each in found}) == len({each.metadata.uid for each in found}) == 2


def test_a_file_waits_for_the_ledger_and_says_if_it_is_not_read_in_time(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing.console.known, "standing", lambda patience=0: None)
    answer = browsing.client.get("/resources.csv")
    assert (answer.status_code, "still being read" in text(answer.text)) == (503, True)
