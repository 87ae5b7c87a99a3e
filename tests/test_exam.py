"""The exam of receivers of webhooks: good ones pass, and each flaw is found where it is visible."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockserver.cli.main import main
from mockserver.clock import monotonic, wall_ms
from mockserver.core.seeded import Seeded
from mockserver.exam.events import Events
from mockserver.exam.probes import PROBES, probes_of
from mockserver.exam.run import Exam, ExamError, Item, run
from mockserver.outgoing.dial import Dialer
from mockserver.outgoing.egress import EgressPolicy
from mockserver.providers import registry
from tests import exam_receivers as receivers
from tests.exam_receivers import SECRET, Receiver, serving
from tests.report_schemas import check_junit

Out = pytest.CaptureFixture[str]
REPEATED = ("replayed-id", "duplicate", "early", "at-once", "redelivery")


def items_of(url: str, provider: str, *only: str, processed: bool = False, timeout: float = 5) -> dict[str, Item]:
    """Hold the exam of a receiver, with a fast slow body."""
    simulated, sender = registry.providers().get(provider), Dialer(EgressPolicy(), monotonic)
    assert simulated is not None
    signature = simulated.signature
    assert signature is not None

    def compose() -> Events:
        return Events(simulated, signature, SECRET, Seeded("exam", 1), wall_ms(), pause=0.005)

    counter = f"{url}/processed" if processed else None
    exam = Exam(f"{url}/hook", probes_of(simulated), compose, sender, timeout, only, counter)

    async def hold() -> list[Item]:
        try:
            return await run(exam)
        finally:
            await sender.aclose()

    return {item.probe.name: item for item in asyncio.run(hold())}


def outcomes(items: dict[str, Item], outcome: str) -> set[str]:
    return {name for name, item in items.items() if item.judgement.outcome == outcome}


def exam_of(receiver: Receiver, *only: str, processed: bool = False) -> dict[str, Item]:
    with serving(receiver) as url:
        return items_of(url, receiver.provider, *only, processed=processed)


@pytest.mark.parametrize("make", [Receiver, receivers.ForVideoToPrompt])
def test_a_good_receiver_fails_nothing(make: type[Receiver]) -> None:
    items = exam_of(make())
    assert len(items) == len(PROBES)
    assert outcomes(items, "fail") == set()
    aged = set() if make is Receiver else {"stale", "future"}
    assert outcomes(items, "cannot tell") == {*REPEATED, *aged}


@pytest.mark.parametrize("make", [Receiver, receivers.ForVideoToPrompt])
def test_with_a_counter_repeated_events_can_be_judged(make: type[Receiver]) -> None:
    items = exam_of(make(), *REPEATED, processed=True)
    assert outcomes(items, "pass") == {"valid", *REPEATED}


@contextmanager
def node(provider: str, flaw: str) -> Iterator[str]:
    program = shutil.which("node")
    assert program is not None
    command = [program, str(Path(__file__).with_name("exam_receiver.mjs")), provider, flaw]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@pytest.mark.parametrize("provider", ["descrideo", "videotoprompt"])
def test_a_good_receiver_in_node(provider: str) -> None:
    with node(provider, "none") as url:
        items = items_of(url, provider)
    assert outcomes(items, "fail") == set()


def test_bad_receivers_in_node() -> None:
    with node("videotoprompt", "reencodes") as url:
        items = items_of(url, "videotoprompt", "respelled", "non-ascii", "wrong-secret")
    assert outcomes(items, "fail") == {"respelled", "non-ascii"}
    with node("videotoprompt", "nothing") as url:
        items = items_of(url, "videotoprompt", "wrong-secret", "missing-signature", "other-body")
    assert outcomes(items, "fail") == {"wrong-secret", "missing-signature", "other-body"}
    assert all(items[name].judgement.forged for name in outcomes(items, "fail"))


def test_the_sample_on_descrideos_page_accepts_old_signatures() -> None:
    items = exam_of(receivers.PageSample())
    assert outcomes(items, "fail") == {"stale", "future"}
    assert outcomes(items, "cannot tell") == {*REPEATED, "two-signatures"}


FORGERIES = {"wrong-secret", "missing-signature", "other-body", "stale", "future", "two-signatures", "content-type"}
FLAWS = [
    (receivers.NoVerification, FORGERIES),
    (receivers.AcceptsStale, {"stale"}),
    (receivers.AcceptsFuture, {"future"}),
    (receivers.IgnoresTheTimestamp, {"other-body"}),
    (receivers.SkipsUnsigned, {"missing-signature", "content-type"}),
    (receivers.VerifiesJsonOnly, {"content-type"}),
    (receivers.NotConstantTime, set()),
]


@pytest.mark.parametrize(("make", "expected"), FLAWS)
def test_what_accepts_a_forgery_is_found(make: type[Receiver], expected: set[str]) -> None:
    items = exam_of(make(), *FORGERIES)
    assert outcomes(items, "fail") == expected
    assert {name for name, item in items.items() if item.judgement.forged} == expected


OTHER_FLAWS = [
    (receivers.Reencodes, {"respelled", "non-ascii"}),
    (receivers.Strict, {"extra-fields", "unknown-value", "non-ascii"}),
    (receivers.CrashesOnForgeries, {"wrong-secret", "missing-signature", "other-body", "stale", "future"}),
    (receivers.RefusesDuplicates, {"duplicate", "replayed-id", "at-once", "redelivery"}),
    (receivers.Small, set()),
]


@pytest.mark.parametrize(("make", "expected"), OTHER_FLAWS)
def test_other_flaws_are_found_and_are_not_called_forgeries(make: type[Receiver], expected: set[str]) -> None:
    names = [probe.name for probe in PROBES if probe.name not in ("two-signatures", "content-type")]
    items = exam_of(make(), *names)
    assert outcomes(items, "fail") == expected
    assert not any(item.judgement.forged for item in items.values())


def test_what_can_be_meant_either_way_is_not_called_a_failure() -> None:
    assert exam_of(receivers.Small(), "one-megabyte")["one-megabyte"].judgement.outcome == "cannot tell"
    strict = exam_of(receivers.Strict(), "unknown-event")["unknown-event"].judgement
    assert (strict.outcome, "422" in strict.reason) == ("cannot tell", True)
    assert exam_of(receivers.AnswersGet(), "get")["get"].judgement.outcome == "cannot tell"


def test_a_receiver_that_is_not_idempotent_is_found_with_its_counter() -> None:
    repeated = ("replayed-id", "duplicate", "at-once", "redelivery")
    items = exam_of(receivers.NotIdempotent(), *repeated, processed=True)
    assert outcomes(items, "fail") == set(repeated)
    assert "processed 50 times" in items["at-once"].judgement.reason
    # One event after the other is fine; only simultaneous ones are processed several times.
    items = exam_of(receivers.RacesWithItself(), *repeated, processed=True)
    assert outcomes(items, "fail") == {"at-once"}


def test_a_receiver_that_refuses_everything_is_not_praised_for_refusing_forgeries() -> None:
    items = exam_of(receivers.Closed())
    assert outcomes(items, "fail") == {"valid"}
    assert items["wrong-secret"].judgement.outcome == "cannot tell"
    assert "proves nothing" in items["wrong-secret"].judgement.reason


@pytest.mark.parametrize(
    ("receiver", "encoder"),
    [(receivers.ReencodesWithSpaces, "json.dumps"), (receivers.ReencodesInJavaScript, "JSON.stringify")],
)
def test_a_receiver_that_verifies_json_that_it_has_encoded_again_is_recognised(
    receiver: type[receivers.Receiver], encoder: str
) -> None:
    item = exam_of(receiver(), "valid")["valid"]
    assert item.judgement.outcome == "fail"
    assert f"as {encoder} encodes it" in item.judgement.reason


def test_nobody_is_called_at_a_public_address_or_a_closed_port(capsys: Out) -> None:
    for url in ("http://93.184.216.34/hook", "http://169.254.169.254/hook"):
        assert main(["exam", url, "--provider", "descrideo", "--secret", "s"]) == 2
        assert "loopback and private addresses only" in capsys.readouterr().err
    assert main(["exam", "http://127.0.0.1:9/hook", "--provider", "descrideo", "--secret", "s"]) == 3
    assert "cannot be reached" in capsys.readouterr().err


def test_a_name_that_resolves_to_a_public_address_is_not_called() -> None:
    async def public(name: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    simulated = registry.providers().get("descrideo")
    assert simulated is not None
    assert simulated.signature is not None
    events = Events(simulated, simulated.signature, SECRET, Seeded(1), wall_ms())
    sender = Dialer(EgressPolicy(), monotonic, resolver=public)
    exam = Exam("http://receiver.test/hook", probes_of(simulated), lambda: events, sender, 1)
    with pytest.raises(ExamError, match="private addresses only"):
        asyncio.run(run(exam))


def test_the_command_reports_the_rule_and_what_to_do(capsys: Out, tmp_path: Path) -> None:
    with serving(receivers.PageSample()) as url:
        hook = [f"{url}/hook", "--provider", "descrideo", "--secret", SECRET, "--only", "stale,respelled"]
        assert main(["exam", *hook]) == 1
        text = capsys.readouterr().out
        assert "FAIL  stale" in text
        assert "documented: A webhook has the time of its signature" in text
        assert "do: refuse a signed timestamp" in text
        assert "2 passed, 1 failed, 0 cannot tell; forged events were accepted: stale" in text
        assert SECRET not in text

        assert main(["exam", *hook, "--format", "junit", "--output", str(tmp_path / "exam.xml")]) == 1
        root = check_junit((tmp_path / "exam.xml").read_text("utf-8"))
        (suite,) = root
        assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "0")
        assert suite.find(".//failure") is not None

        assert main(["exam", *hook, "--format", "json"]) == 1
        report = json.loads(capsys.readouterr().out)
        assert (report["forged_accepted"], report["passed"]) == (True, 2)
        assert report["items"][1]["rules"][0]["id"] == "descrideo.header.X-Nxt-Timestamp"


def test_only_forgeries_can_be_made_to_matter() -> None:
    with serving(receivers.Reencodes()) as url:
        hook = [f"{url}/hook", "--provider", "descrideo", "--secret", SECRET, "--only", "respelled"]
        assert main(["exam", *hook]) == 1
        assert main(["exam", *hook, "--fail-on", "forged"]) == 0


class Recording(Receiver):
    """Keeps what it receives."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[dict[str, str], bytes]] = []

    def handle(self, headers: dict[str, str], body: bytes) -> int:
        self.seen.append((headers, body))
        return super().handle(headers, body)


def test_curl_repeats_a_request_byte_for_byte(capsys: Out, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    assert curl is not None
    receiver = Recording()
    with serving(receiver) as url:
        hook = [f"{url}/hook", "--provider", "descrideo", "--secret", SECRET]
        assert main(["exam", *hook, "--only", "non-ascii,missing-signature,one-megabyte", "--save", str(tmp_path)]) == 0
        sent = list(receiver.seen)
        scripts = sorted(tmp_path.glob("*.sh"))
        for script in scripts:
            subprocess.run(["sh", str(script)], cwd=Path.home(), check=True, capture_output=True)
    assert len(scripts) == len(sent) == 6
    assert receiver.seen[len(sent) :] == sent
    assert (tmp_path / "01-valid.http").read_bytes().endswith(sent[0][1])


def test_curl_commands_can_be_printed(capsys: Out) -> None:
    receiver = Recording()
    with serving(receiver) as url:
        hook = [f"{url}/hook", "--provider", "descrideo", "--secret", SECRET, "--only", "wrong-secret", "--curl"]
        assert main(["exam", *hook]) == 0
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("curl ")]
        sent = list(receiver.seen)
        for line in lines:
            subprocess.run(["sh", "-c", line], check=True, capture_output=True)
    assert receiver.seen[len(sent) :] == sent
    assert len(sent) == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--provider", "descrido"], "did you mean 'descrideo'"),
        (["--provider", "nanophoto", "--secret", "s"], "this provider has no webhooks"),
        (["--secret", "s"], "--provider is missing"),
        (["--provider", "descrideo"], "the secret of the receiver is missing"),
        (["--provider", "descrideo", "--secret", "s", "--only", "stal"], "did you mean 'stale'"),
    ],
)
def test_wrong_input_is_explained(words: list[str], message: str, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOCKSERVER_EXAM_SECRET", raising=False)
    assert main(["exam", "http://127.0.0.1:9/hook", *words]) == 2
    assert message in capsys.readouterr().err


def test_the_list_of_items_needs_no_receiver(capsys: Out) -> None:
    assert main(["exam", "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [probe.name for probe in PROBES]
