"""`mock.fault()` and a scenario's fault have the same fields, and editors know the names that they take."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import httpx2
import pytest

from mockserver.core.scenario import FaultSpec
from mockserver.kit.catalogue import catalogue
from mockserver.providers import names, write_summaries
from mockserver.providers.registry import all_providers
from mockserver.source.model_paths import keys_of
from mockserver.testing import MockServer, MockServerError
from tests.videotoprompt_client import ROOT

URL = {"url": "https://example.com/a.mp4", "platform": "sora"}


def test_every_field_of_a_scenarios_fault_is_an_argument() -> None:
    arguments = set(inspect.signature(MockServer.fault).parameters) - {"self", "operation", "times", "key"}
    assert {name.rstrip("_") for name in arguments} == set(keys_of(FaultSpec))


def test_the_types_name_every_operation_and_kind() -> None:
    known = catalogue(all_providers())
    assert set(known.operations) < set(get_args(names.OperationName))
    with MockServer() as mock:
        for kind in get_args(names.FaultKind):
            mock.fault("*", kind)
        for operation in get_args(names.OperationName):
            mock.fault(operation, "reset")
            mock.requests(operation)


def test_the_names_are_up_to_date() -> None:
    text = Path(names.__file__).read_text("utf-8")
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(write_summaries.names_written_out()))


def test_the_names_cost_nothing_at_run_time() -> None:
    code = "import sys, mockserver.testing; sys.exit('mockserver.providers.names' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_fault_has_a_duration_a_place_and_a_framing() -> None:
    with MockServer() as mock:
        headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
        mock.fault("videotoprompt.analyze_url", "latency", for_="300ms", p99="2s")
        mock.fault("videotoprompt.analyze_url", "truncate", at="7 bytes", framing="chunked")
        with httpx2.Client(transport=mock.transport(), base_url="http://127.0.0.1", headers=headers) as client:
            before = mock.clock.now
            assert client.post(ROOT + "/url", json=URL).status_code == 202
            assert mock.clock.now > before
            with pytest.raises(httpx2.TransportError):
                client.post(ROOT + "/url", json=URL)


def test_for_and_lasts_are_the_same() -> None:
    with MockServer() as mock, pytest.raises(MockServerError, match="for_ and lasts mean the same"):
        mock.fault("*", "latency", for_="1s", lasts="1s")


def test_the_report_of_a_failed_test_has_the_rule_and_the_deviations_of_each_request() -> None:
    rule = {"name": "a rule", "operation": "videotoprompt.analyze_url", "nth": 1, "plan": "fast"}
    with MockServer({"rules": [rule]}) as mock:
        headers = {"Authorization": f"Bearer {mock.key('videotoprompt')}"}
        with httpx2.Client(transport=mock.transport(), base_url="http://127.0.0.1", headers=headers) as client:
            client.post(ROOT + "/url", json={**URL, "colour": "red"})
            client.post(ROOT + "/url", json=URL)
        first, second = (line for line in mock.report().splitlines() if "POST" in line and "->" in line)
        assert "rule 'a rule'" in first
        assert "deviation: colour" in first
        assert "no rule" in second
        assert "deviation" not in second
