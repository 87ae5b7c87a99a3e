"""The rows of the ledger that the kit has for every provider."""

from pathlib import Path

import pytest

from mockserver.core.faults import Refusal
from mockserver.kit.ledger import DEFAULTS, default_rows, rows_of
from mockserver.kit.provider import Provider
from mockserver.provenance.rows import read
from mockserver.providers.registry import all_providers
from tests.conversation import Conversation
from tests.declared import key, operations, request, url, with_example, wrong_requests
from tests.listener import Listener

PROVIDERS = {provider.name: provider for provider in all_providers()}
of_each_provider = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
STREAMING = [provider for provider in PROVIDERS.values() if any(o.streams for o in provider.operations)]
of_each_that_streams = pytest.mark.parametrize("provider", STREAMING, ids=lambda provider: provider.name)


async def rests_on(t: Conversation) -> list[str]:
    """The rows of the latest request, without the provider."""
    latest = next(entry for entry in await t.sandbox.journal() if entry.kind == "request")
    return [row.partition(".")[2] for row in latest.rests_on]


async def is_shown(provider: Provider, row: str, refusal: Refusal) -> None:
    """Make the request for an error: the reply is the provider's own, and the row is among those it is based on."""
    async with Conversation() as t:
        reply = await t.client.request(**wrong_requests(provider)[row])
        assert reply.status_code == provider.error_reply(refusal).status
        assert reply.headers["content-type"].startswith("application/json")
        if row in default_rows(provider):
            assert row in await rests_on(t)


@of_each_provider
async def test_a_path_that_does_not_exist(provider: Provider) -> None:
    await is_shown(provider, "error.no_such_path", Refusal("not_found", row="no_such_path"))


@of_each_provider
async def test_a_method_that_a_path_does_not_support(provider: Provider) -> None:
    await is_shown(provider, "error.method_not_allowed", Refusal("method_not_allowed"))
    async with Conversation() as t:
        reply = await t.client.request(**wrong_requests(provider)["error.method_not_allowed"])
        assert with_example(provider)[0].method in reply.headers["allow"]


@of_each_provider
async def test_a_body_that_is_too_large(provider: Provider) -> None:
    await is_shown(provider, "error.too_large", Refusal("too_large", case="body_too_large"))


@of_each_provider
async def test_a_body_of_another_content_type(provider: Provider) -> None:
    await is_shown(provider, "error.unsupported_media_type", Refusal("unsupported_media_type"))


@of_each_provider
async def test_an_error_says_when_to_come_back(provider: Provider) -> None:
    async with Conversation() as t:
        fault = {"kind": "rate_limited", "retry_after": "20s"}
        await t.post("/_mock/faults", {"operation": f"{provider.name}.*", "fault": fault})
        reply = await t.client.request(**request(provider, with_example(provider)[0]))
        assert reply.headers["retry-after"] == "20"
        assert "rule.retry_after" in await rests_on(t)


@of_each_provider
async def test_head_is_get_without_its_body(provider: Provider) -> None:
    async with Conversation() as t:
        for operation in operations(provider):
            if operation.method != "GET":
                continue
            path, headers = url(provider, operation), {"Authorization": f"Bearer {key(provider)}"}
            get, head = await t.get(path, headers=headers), await t.client.head(path, headers=headers)
            assert (head.status_code, head.content) == (get.status_code, b"")
            assert "rule.head" in await rests_on(t)


@of_each_that_streams
async def test_a_stream_breaks_off(provider: Provider) -> None:
    operation = with_example(provider, streams=True)[0]
    path, body = url(provider, operation), next(iter(operation.examples.values()))
    async with Conversation({"extends": "streams-break-off"}) as t:
        for ending in ("truncated", "reset", "stalled"):
            listener = await Listener(t, path, body, key(provider)).settled()
            await t.advance(3600)
            assert listener.status == 200
            assert listener.body
            assert listener.over is (ending != "stalled")
            await listener.leave()
            assert f"ending.{ending}" in await rests_on(t)


@of_each_that_streams
async def test_a_client_leaves_a_stream(provider: Provider) -> None:
    operation = with_example(provider, streams=True)[0]
    path, body = url(provider, operation), next(iter(operation.examples.values()))
    async with Conversation() as t:
        listener = await Listener(t, path, body, key(provider)).settled()
        await t.advance(1)
        await listener.leave()
        assert listener.body
        assert "ending.client_left" in await rests_on(t)


@of_each_provider
def test_every_default_row_has_a_sentence_with_the_figures_of_the_provider(provider: Provider) -> None:
    rows, defaults = rows_of(provider), read(DEFAULTS)
    names = list(default_rows(provider))
    assert set(names) <= defaults.keys()
    assert [name for name in names if "{" in rows[name].what] == []


def test_a_row_of_a_provider_takes_the_place_of_the_kits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, provider = tmp_path / "ledger.yaml", PROVIDERS["dumplingai"]
    origin = "class: documented, source: Errors, scenario: default, test: test_x.py::test_y"
    file.write_text(f"groups:\n  - {{{origin}, rows: {{error.no_such_path: Other paths get 404}}}}\n")
    monkeypatch.setattr("mockserver.kit.ledger.ledger_file", lambda provider: file)
    rows = rows_of(provider)
    assert (rows["error.no_such_path"].what, rows["error.no_such_path"].basis) == ("Other paths get 404", "documented")
    assert rows["error.method_not_allowed"].what.endswith("gets 405 with an Allow header")
    assert "ending.reset" not in rows
