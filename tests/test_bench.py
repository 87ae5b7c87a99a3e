"""The measurements: each is a command that says what it prints, and what it sends and judges is what it claims."""

import inspect
import shutil
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bench import aims, crash, layers, peers, scale, wrk
from bench.floors import ANALYSIS
from bench.load import Outcome, load
from bench.process import ROOT, free_port, running
from bench.rounds import START, Row
from bench.run import budgets, chosen, options, parser, show
from bench.targets import AIMOCK, ASGI, JOBS_LAST, KNOWN, OURS, PROTOCOL
from bench.verdict import Budget, judged
from bench.workloads import (
    AT_ONCE,
    PACED,
    PACED_LASTS,
    POLL_PATH,
    SUBMIT,
    SUBMIT_PATH,
    W1,
    W2,
    W3,
    ask,
    request,
    send,
)
from mockserver.core.scenario import StreamSpec
from mockserver.core.seeded import Seeded
from mockserver.core.streams import Track, paced
from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library
from tests.conversation import Conversation
from tests.listener import Listener

LOADS, RUNS = ("load", "wrk", "workloads", "targets"), ("process", "rounds", "sampler", "layers")
CRASH = ("crash_books", "crash_clients", "crash_machines")
HELPERS = ("__init__", "aims", "verdict", *LOADS, *RUNS, *CRASH)
COMMANDS = sorted(p.stem for p in Path(ROOT, "bench").glob("*.py") if p.stem not in HELPERS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_measurement_is_a_command_that_explains_itself(name, monkeypatch, capsys):
    module = import_module(f"bench.{name}")
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    assert str(module.__doc__).partition("\n")[0].split()[0] in capsys.readouterr().out
    assert f"python -m bench.{name}" in str(module.__doc__)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_measurement_has_its_place_in_the_readme(name):
    assert f"`bench.{name}`" in (ROOT / "bench" / "README.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite", "valkey"])
def test_nothing_is_lost_if_a_server_is_killed_under_load(store, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["crash", "--store", store, "--kills", "5"])
    crash.main()
    lines = capsys.readouterr().out.splitlines()
    # The others are times, which depend on the machine.
    counted = [line for line in lines if line.endswith("at most 0")]
    assert len(counted) >= 9
    assert all(line.startswith("PASS") for line in counted), lines


def test_a_budget_is_kept_up_to_its_limit(capsys):
    assert judged([Budget("a", 1.0, 1.0), Budget("b", 95.0, 95.0, "%", least=True)]) == 0
    assert judged([Budget("a", 1.01, 1.0, "s"), Budget("b", 1.0, 1.0)]) == 1
    assert judged([Budget("b", 94.9, 95.0, "%", least=True)]) == 1
    told = capsys.readouterr().out.split()
    assert (told.count("PASS"), told.count("FAIL")) == (3, 2)


def row(kind, cpu, started=400.0):
    works = {work: [(each, outcome()) for each in cpu] for work in (W1, W2)}
    return Row(kind, [started] * len(cpu), [50.0], 60.0, works)


def outcome():
    return Outcome(replies=2, seconds=0.5, statuses={200: 2}, latencies=[0.5, 0.5])


def test_the_table_compares_with_every_peer_that_was_measured(capsys):
    rows = {OURS: row("ours", [0.9]), ASGI: row("floor", [0.5]), "quick": row("peer", [0.8])}
    found = {budget.name: budget.kept for budget in budgets(rows)}
    assert found["W1, beside quick"] is False
    assert found["exec to the first 200 of W1"] is True
    show(rows)
    assert "| quick | 400 ms | 50, then 60 MiB | 0.80 s, 4/s, 500.0 / 500.0 ms |" in capsys.readouterr().out


def test_ours_is_compared_round_by_round_and_judged_by_the_median(capsys):
    rows = {OURS: row("ours", [0.8, 0.6, 1.2]), AIMOCK: row("peer", [1.0, 0.5, 2.0]), ASGI: row("floor", [0.4] * 3)}
    assert aims.ratios(rows, W1, AIMOCK) == [0.8, 1.2, 0.6]
    assert aims.ratios(rows, W1, PROTOCOL) == []
    found = {budget.name: budget.kept for budget in aims.budgets(rows)}
    assert found == {
        "W1, beside aimock": True,
        "W1, beside bare ASGI": True,
        "W2, beside aimock": True,
        "W2, beside bare ASGI": True,
        "start, beside aimock": True,
    }
    aims.show(rows)
    assert "| W1 poll a completed job | 0.80 (0.60 to 1.20) | 2.00 (1.50 to 3.00) |  |" in capsys.readouterr().out
    slow = {**rows, OURS: row("ours", [1.3, 1.3, 1.3], started=500.0)}
    assert not any(budget.kept for budget in aims.budgets(slow))
    aims.show({OURS: rows[OURS]})
    assert capsys.readouterr().out == ""


def test_what_servers_carry_is_computed_from_the_cpu_time_of_servers_and_valkey():
    def set_up(*servers, valkey):
        figures = scale.Figures(per_second=1.0, servers=servers, valkey=valkey, balancer=9.0, load=9.0)
        return scale.SetUp(len(servers), scale.WORKERS, 0, (), figures={W1: [figures]})

    one, two = set_up(0.1, valkey=0.02), set_up(0.07, 0.03, valkey=0.02)
    assert scale.carried(one, W1) == pytest.approx(10_000)
    assert scale.carried(two, W1) == pytest.approx(2_000 / 0.12)  # Valkey takes a part of the two cores
    assert scale.carried(set_up(0.05, 0.05, 0.05, valkey=0.2), W1) == pytest.approx(1_000 / 0.2)  # as fast as Valkey
    assert [budget.kept for budget in scale.budgets([one, two], [W1])] == [False]
    assert [budget.kept for budget in scale.budgets([one, set_up(0.05, 0.05, valkey=0.01)], [W1])] == [True]


def test_clients_have_sandboxes_of_their_own_unless_all_are_shared():
    payloads = [b"%d" % number for number in range(scale.SANDBOXES)]
    own = scale.dealt(payloads, 16, shared=False)
    assert len(own) == 16
    assert sorted(each for client in own for each in client) == sorted(payloads)
    shared = scale.dealt(payloads, 16, shared=True)
    assert all(sorted(client) == sorted(payloads) for client in shared)
    assert len({tuple(client) for client in shared}) == 16


def test_what_is_measured_can_be_chosen():
    asked = parser().parse_args(["--compare"])
    assert {target.name for target in chosen(asked)} <= {OURS, ASGI, PROTOCOL, AIMOCK}
    assert {target.name for target in chosen(asked)} >= {OURS, ASGI, PROTOCOL}
    assert set(options(asked)[1].what) == {W1, W2, START}
    asked = parser().parse_args(["--only", "W3", "--alone", "--warm", "2"])
    assert {target.name for target in chosen(asked)} == {OURS}
    assert (options(asked)[1].what, options(asked)[1].warm) == (["W3"], 2)
    assert W3 in options(parser().parse_args([]))[1].what


def test_no_job_of_the_default_scenario_outlasts_the_wait_for_it():
    providers = all_providers()
    steps = Library(catalogue(providers), providers).program("default").plans["default"].steps
    spans = [step.lasts for step in steps if step.lasts is not None]
    assert sum(span.base + span.spread for span in spans) / 1000 < JOBS_LAST


@pytest.fixture(scope="module")
def floor():
    port = free_port()
    with running([sys.executable, "-m", "bench.floors", "httptools", str(port)], port, KNOWN) as server:
        yield server


def test_the_bare_protocol_polls_submits_and_refuses(floor):
    assert ask(floor, "GET", KNOWN) == ANALYSIS
    job = ask(floor, "POST", SUBMIT_PATH, SUBMIT)
    assert ask(floor, "GET", POLL_PATH + job["id"]) == job
    assert send(floor.port, "POST", SUBMIT_PATH, b'{"url": "nowhere", "platform": ""}')[0] == 422
    assert send(floor.port, "GET", POLL_PATH + "ana_nobody")[0] == 404


def test_a_load_ends_after_so_many_requests_or_seconds(floor):
    payload = request("POST", SUBMIT_PATH, floor.port, SUBMIT)
    assert load(floor.port, payload, 50, 2).statuses == {202: 50}
    outcome = load(floor.port, payload, seconds=0.05)
    assert outcome.replies == outcome.statuses[202] > 0
    assert 0.05 <= outcome.seconds < 5


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_wrk_sends_the_same_bytes_and_its_figures_are_read(floor, monkeypatch):
    # Each connection pauses, so that the test does not take all of the machine for its seconds.
    monkeypatch.setattr(wrk, "SCRIPT", wrk.SCRIPT + "function delay() return 20 end\n")
    before = floor.cpu()
    outcome = wrk.by_wrk(floor.port, request("POST", SUBMIT_PATH, floor.port, SUBMIT), 1)
    assert outcome.replies > 100
    assert 0 < outcome.percentile(0.5) <= outcome.percentile(0.99)
    assert floor.cpu() > before
    with pytest.raises(SystemExit, match=r"requests were refused"):
        wrk.by_wrk(floor.port, request("GET", POLL_PATH + "ana_nobody", floor.port), 1)


def test_a_line_is_printed_for_each_peer_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "PREFIX", tmp_path)
    found = list(peers.available())
    assert len(found) == 6
    assert all(isinstance(each, str) and " is not measured: " in each for each in found)


@pytest.mark.parametrize(("path", "lasts"), [(AT_ONCE, 0), (PACED, round(PACED_LASTS * 1000))])
def test_the_streams_that_are_measured_are_four_kilobytes_in_forty_chunks(path, lasts):
    providers = all_providers()
    program = Library(catalogue(providers), providers).program_of_file(path)
    stream = getattr(program.by_operation["nanophoto.reverse_prompt"][0], "stream", None)
    assert isinstance(stream, StreamSpec)
    track = Track(paced(stream.text or "", stream.pace, Seeded(1)))
    assert len(track.chunks) == 40
    assert 3_800 <= sum(len(data) for _, data in track.chunks) <= 4_400
    assert track.lasts == lasts


async def test_a_sample_goes_to_the_innermost_layer_on_the_stack():
    seen = []

    class Looking(Listener):
        async def _send(self, message):
            seen.append(layers.Sorter().layer(inspect.currentframe()).name)
            await super()._send(message)

    async with Conversation() as t:
        body = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
        await Looking(t, "/nanophoto/api/sora-2/reverse-prompt", body).settled()
    assert set(seen) == {"head of the reply"}
    assert layers.Sorter().layer(None) is layers.LOOP


def test_the_layers_of_the_profile_name_code_that_is_there():
    assert list(layers.moved()) == []
