"""The measurements: each is a command that says what it prints, and what it sends and judges is what it claims."""

import inspect
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bench import layers, peers
from bench.process import ROOT
from bench.run import Row, budgets, show
from bench.verdict import Budget, judged
from bench.workloads import AT_ONCE, PACED, PACED_LASTS, W1, W2
from mockserver.core.scenario import StreamSpec
from mockserver.core.seeded import Seeded
from mockserver.core.streams import Track, paced
from mockserver.kit.catalogue import catalogue
from mockserver.providers.registry import all_providers
from mockserver.scenario.library import Library
from tests.conversation import Conversation
from tests.listener import Listener

HELPERS = ("__init__", "layers", "load", "process", "sampler", "targets", "verdict", "workloads")
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


def test_a_budget_is_kept_up_to_its_limit(capsys):
    assert judged([Budget("a", 1.0, 1.0), Budget("b", 95.0, 95.0, "%", least=True)]) == 0
    assert judged([Budget("a", 1.01, 1.0, "s"), Budget("b", 1.0, 1.0)]) == 1
    assert judged([Budget("b", 94.9, 95.0, "%", least=True)]) == 1
    told = capsys.readouterr().out.split()
    assert (told.count("PASS"), told.count("FAIL")) == (3, 2)


def test_the_table_compares_with_every_peer_that_was_measured(capsys):
    def row(kind, cpu):
        return Row(kind, [400.0], [50.0], [60.0], {W1: [(cpu, outcome())], W2: [(cpu, outcome())]})

    rows = {"mockserver": row("ours", 0.9), "bare ASGI": row("floor", 0.4), "quick": row("peer", 0.8)}
    found = {budget.name: budget.kept for budget in budgets(rows)}
    assert found["W1, beside quick"] is False
    assert "W1, beside bare ASGI" not in found
    assert found["exec to the first 200"] is True
    show(rows)
    assert "| quick | 400 ms | 50, then 60 MiB | 0.80 s, 4/s, 500.0 / 500.0 ms |" in capsys.readouterr().out


def outcome():
    from bench.load import Outcome

    return Outcome(replies=2, seconds=0.5, statuses={200: 2}, latencies=[0.5, 0.5])


def test_peers_that_are_not_installed_are_left_out_with_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "PREFIX", tmp_path)
    found = list(peers.found())
    assert len(found) == 6
    assert all(isinstance(each, str) and " left out: " in each for each in found)


@pytest.mark.parametrize(("path", "lasts"), [(AT_ONCE, 0), (PACED, round(PACED_LASTS * 1000))])
def test_the_streams_that_are_measured_are_four_kilobytes_in_forty_chunks(path, lasts):
    providers = all_providers()
    program = Library(catalogue(providers), providers).program(str(path))
    stream = getattr(program.by_operation["nanophoto.reverse_prompt"][0], "stream", None)
    assert isinstance(stream, StreamSpec)
    track = Track(paced(stream.text or "", stream.pace, Seeded(1)))
    assert len(track.chunks) == 40
    assert 3_800 <= sum(len(data) for _, data in track.chunks) <= 4_400
    assert track.lasts == lasts


def test_a_sample_goes_to_the_innermost_layer_on_the_stack(talk):
    seen = []

    class Looking(Listener):
        async def _send(self, message):
            seen.append(layers.Sorter().layer(inspect.currentframe()).name)
            await super()._send(message)

    async def story(t: Conversation) -> None:
        body = {"videoSource": "url", "videoUrl": "https://example.com/cat.mp4"}
        await Looking(t, "/nanophoto/api/sora-2/reverse-prompt", body).settled()

    talk(story)
    assert set(seen) == {"head of the reply"}
    assert layers.Sorter().layer(None) is layers.LOOP
