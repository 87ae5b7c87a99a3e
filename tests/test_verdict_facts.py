"""The facts of a verdict: what the server records about real requests, and what the providers declare."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import requests

from mockserver import MockServer
from mockserver.core.seeded import Seeded
from mockserver.core.verdict.facts import Call, Facts
from mockserver.core.verdict.lineage import Lineage
from mockserver.core.verdict.names import RULE_NAMES
from mockserver.core.verdict.table import RULES
from mockserver.kit.ledger import ledger
from mockserver.kit.roles import roles
from mockserver.media.maker import video
from mockserver.providers.registry import all_providers
from mockserver.testing.expected import part_of
from mockserver.verdict.calls import canonical
from mockserver.verdict.collect import collect
from mockserver.verdict.declared import provider_facts


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer(clock="manual") as mock:
        yield mock


def facts_of(mock: MockServer) -> Facts:
    hosted = mock.hosted
    mock.hosted._wait_for_requests()
    return hosted.run_settled(collect(hosted.sandbox, hosted.host.providers, hosted.masking))


def last(mock: MockServer) -> Call:
    return facts_of(mock).calls[-1]


def send(mock: MockServer, method: str, provider: Any, path: str, **more: Any) -> requests.Response | None:
    headers = {"Authorization": f"Bearer {mock.key(provider)}", **more.pop("headers", {})}
    try:
        return requests.request(method, mock.url(provider) + path, headers=headers, **{"timeout": 5, **more})
    except requests.RequestException:
        return None


def generate(mock: MockServer, **more: Any) -> requests.Response | None:
    return send(mock, "POST", "prompttovideo", "/api/v1/generate", json={"prompt": "sunset"}, **more)


# What became of a reply.


@pytest.mark.parametrize(
    ("fault", "delivered", "failure"),
    [
        ({"kind": "reset"}, "none", "not_delivered"),
        ({"kind": "reset", "phase": "after_commit"}, "lost", "ambiguous"),
        ({"kind": "empty_reply", "phase": "after_commit"}, "lost", "ambiguous"),
        ({"kind": "reset", "phase": "mid_body"}, "part", "ambiguous"),
        ({"kind": "truncate"}, "part", "ambiguous"),
        ({"kind": "garble"}, "damaged", "unknown"),
        ({"kind": "hang"}, "none", "not_delivered"),
        ({"kind": "hang", "phase": "after_commit"}, "lost", "ambiguous"),
        ({"kind": "latency", "lasts": "1h"}, "client_left", "not_delivered"),
        ({"kind": "latency", "lasts": "1h", "phase": "after_commit"}, "client_left", "ambiguous"),
        ({"kind": "server_error"}, "whole", "answered"),
        ({"kind": "server_error", "phase": "after_commit"}, "whole", "ambiguous"),
        ({"kind": "rate_limited"}, "whole", "answered"),
        (None, "whole", None),
    ],
    ids=str,
)
def test_each_failure_has_a_class(
    mock: MockServer, fault: dict[str, Any] | None, delivered: str, failure: str | None
) -> None:
    if fault is not None:
        mock.fault("prompttovideo.generate", **fault)
    silent = fault is not None and fault["kind"] in ("hang", "latency")
    generate(mock, timeout=0.3 if silent else 5)
    facts = facts_of(mock)
    call = facts.calls[0]
    assert call.delivered == delivered
    assert Lineage(facts).failures.get(call.number) == failure


def test_a_request_that_was_lost_after_records_were_dropped_is_unknown(mock: MockServer) -> None:
    generate(mock)
    mock.reset("journal")
    mock.fault("prompttovideo.generate", "latency", lasts="1h")
    generate(mock, timeout=0.3)
    facts = facts_of(mock)
    assert not facts.complete
    assert Lineage(facts).failures == {facts.calls[0].number: "unknown"}


def test_a_stream_that_breaks_off_is_sent_in_part() -> None:
    with MockServer("nanophoto-stream-reset", clock="auto") as mock:
        body = {"videoSource": "url", "videoUrl": "https://example.com/a.mp4"}
        send(mock, "POST", "nanophoto", "/api/sora-2/reverse-prompt", json=body)
        facts = facts_of(mock)
        assert (facts.calls[0].delivered, facts.calls[0].role) == ("part", "submit")
        assert facts.charges[0].net == 0


def test_a_lost_reply_ends_when_its_connection_is_closed_not_when_the_client_closes_it_too(mock: MockServer) -> None:
    mock.fault("prompttovideo.generate", "empty_reply", phase="after_commit")
    place = urlsplit(mock.url("prompttovideo"))
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}", "Content-Type": "application/json"}
    with closing(HTTPConnection(place.netloc, timeout=5)) as connection:
        connection.request("POST", f"{place.path}/api/v1/generate", json.dumps({"prompt": "sunset"}), headers)
        assert connection.sock.recv(1) == b""  # the server has closed its side
        generate(mock)
    assert [finding.rule for finding in mock.verdict().of("error")] == ["duplicate_paid_job"]


# What was asked.


def test_the_order_of_keys_and_white_space_do_not_change_what_is_asked() -> None:
    assert canonical(b'{"b": 1, "a": [1, 2]}') == canonical(b'{ "a":[1,2],\n"b":1 }')
    assert canonical(b"a=1&b=2") == "a=1&b=2"


def test_large_bodies_are_compared_whole(mock: MockServer) -> None:
    for end in ("a", "a", "b"):
        send(mock, "POST", "prompttovideo", "/api/v1/generate", json={"prompt": "sunset" * 1_000 + end})
    intents = [call.intent for call in facts_of(mock).calls]
    assert intents[0] is not None
    assert intents[0] == intents[1] != intents[2]


def test_uploads_are_compared_by_what_they_contain(mock: MockServer) -> None:

    for seconds in (2, 2, 3):
        film = video(seconds * 1_000, Seeded("upload")).data
        files, fields = {"video": ("a.mp4", film, "video/mp4")}, {"platform": "sora"}
        send(mock, "POST", "videotoprompt", "/analyze/upload", files=files, data=fields)
    intents = [call.intent for call in facts_of(mock).calls]
    assert intents[0] is not None
    assert intents[0] == intents[1] != intents[2]


def test_secrets_are_not_compared(mock: MockServer) -> None:
    data = {"grant_type": "refresh_token", "refresh_token": "1"}
    requests.post(mock.url("videotoprompt", "/oauth/token"), data=data, timeout=5)
    assert last(mock).intent is None


# What the client saw.


def test_a_poll_says_which_state_it_saw(mock: MockServer) -> None:
    reply = generate(mock)
    assert reply is not None
    path = f"/api/v1/video/{reply.json()['video_id']}/status"
    send(mock, "GET", "prompttovideo", path)
    assert (last(mock).role, last(mock).seen) == ("poll", "active")
    mock.clock.advance("1m")
    send(mock, "GET", "prompttovideo", path)
    assert (last(mock).seen, last(mock).has_link) == ("succeeded", True)
    mock.fault("prompttovideo.get_status", "truncate")
    send(mock, "GET", "prompttovideo", path)
    assert last(mock).seen is None
    mock.fault("prompttovideo.get_status", "server_error")
    send(mock, "GET", "prompttovideo", path)
    assert (last(mock).seen, last(mock).job) == (None, str(reply.json()["video_id"]))


def test_a_completed_job_can_lack_its_link(mock: MockServer) -> None:
    mock.use({"rules": [{"name": "no link", "operation": "prompttovideo.get_status", "reply": {"video_url": None}}]})
    reply = generate(mock)
    assert reply is not None
    mock.clock.advance("1m")
    send(mock, "GET", "prompttovideo", f"/api/v1/video/{reply.json()['video_id']}/status")
    assert not last(mock).has_link


def test_downloads_belong_to_their_job_also_if_the_link_is_broken(mock: MockServer) -> None:
    reply = generate(mock)
    assert reply is not None
    path = f"/api/v1/video/{reply.json()['video_id']}/status"
    mock.clock.advance("1m")
    headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}"}
    links = [requests.get(mock.url("prompttovideo") + path, headers=headers, timeout=5).json()]
    broken = {"video_url": mock.url("prompttovideo", "/gone.mp4")}
    mock.use({"rules": [{"name": "gone", "operation": "prompttovideo.get_status", "reply": broken}]})
    links.append(requests.get(mock.url("prompttovideo") + path, headers=headers, timeout=5).json())
    for link, status in zip(links, (200, 404), strict=True):
        assert requests.get(link["video_url"], timeout=5).status_code == status
        assert (last(mock).role, last(mock).job) == ("asset", str(reply.json()["video_id"]))


def test_a_limit_says_when_to_come_back() -> None:
    with MockServer("videotoprompt-free-plan", clock="manual") as mock:
        for _ in range(6):
            send(mock, "GET", "videotoprompt", "/analyze/ana_0000000000000000")
        call = last(mock)
        assert call.usage is not None
        assert (call.status, call.retry_at) == (429, call.usage.resets_at)
        assert not call.scripted
        mock.fault("videotoprompt.get_analysis", "overloaded", retry_after="20s")
        mock.clock.advance("2m")
        send(mock, "GET", "videotoprompt", "/analyze/ana_0000000000000000")
        assert (last(mock).retry_at or 0) - last(mock).at == 20_000
        assert last(mock).scripted


def test_work_without_a_job_is_charged_to_its_request() -> None:
    with MockServer(clock="auto") as mock:
        body = {"inputMethod": "url", "video": "https://example.com/a.mp4", "prompt": "What is shown?"}
        reply = send(mock, "POST", "dumplingai", "/extract-video", json=body)
        assert reply is not None
        facts = facts_of(mock)
        assert Lineage(facts).cost([facts.calls[0]]) == reply.json()["creditUsage"] * 100


def test_a_credential_in_the_url_is_seen(mock: MockServer) -> None:
    key = mock.key("prompttovideo")
    send(mock, "GET", "prompttovideo", f"/api/v1/account?api_key=1&copy={key}&page=2")
    assert last(mock).secrets == ("the parameter 'api_key'", "the parameter 'copy'")
    assert key not in str(part_of("test", mock.hosted, mock.verdict()).data)


def test_the_link_of_a_result_may_have_a_token(mock: MockServer) -> None:
    reply = generate(mock)
    assert reply is not None
    mock.clock.advance("1m")
    status = send(mock, "GET", "prompttovideo", f"/api/v1/video/{reply.json()['video_id']}/status")
    assert status is not None
    assert requests.get(f"{status.json()['video_url']}?token=abcdefgh", timeout=5).status_code == 200
    assert not mock.verdict().named("secret_in_url")


def test_what_the_provider_refuses_is_not_accepted_silently(mock: MockServer) -> None:
    reply = send(mock, "POST", "prompttovideo", "/api/v1/generate", json={"prompt": 5})
    assert reply is not None
    assert reply.status_code == 400
    assert not mock.verdict().named("contract_deviation")


def test_a_sandbox_that_was_changed_is_a_reason_to_try_again(mock: MockServer) -> None:
    mock.account("prompttovideo").credits = 0
    generate(mock)
    mock.account("prompttovideo").credits = 5
    generate(mock)
    verdict = mock.verdict()
    assert not verdict.named("retried_terminal")
    assert len(facts_of(mock).changes) == 2


# Webhooks.


def test_webhooks_to_the_receiver_of_the_sandbox_are_not_judged(mock: MockServer) -> None:
    receiver = mock.receiver().answer_with(500, 401)
    mock.account("videotoprompt").webhook = receiver.url
    send(mock, "POST", "videotoprompt", "/analyze/url", json={"url": "https://example.com/a.mp4", "platform": "sora"})
    mock.clock.advance("2m")
    assert [each.simulated for each in facts_of(mock).deliveries] == [True]
    assert not mock.verdict().named("webhook_refused_valid")


@pytest.mark.parametrize(
    ("scenario", "status", "rule"),
    [
        ("webhook-wrong-signature", 200, "webhook_accepts_forgery"),
        ("webhook-wrong-key", 200, "webhook_accepts_forgery"),
        ("webhook-no-signature", 200, "webhook_accepts_forgery"),
        ("default", 401, "webhook_refused_valid"),
        ("default", 200, None),
        ("webhook-lost", 200, None),
        ("webhook-lost-for-good", 200, "webhook_only"),
        ("webhook-extra-fields", 200, None),
    ],
)
def test_the_receiver_of_a_client_is_judged(scenario: str, status: int, rule: str | None) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with MockServer(scenario, clock="manual") as mock:
        mock.account("videotoprompt").webhook = mock.webhook_app(app)
        body = {"url": "https://example.com/a.mp4", "platform": "sora"}
        send(mock, "POST", "videotoprompt", "/analyze/url", json=body)
        mock.clock.advance("2h")
        assert [each.rule for each in mock.verdict().findings] == ([] if rule is None else [rule])


# Batches.


def test_a_batch_with_equal_items_is_one_request(mock: MockServer) -> None:
    item = {"url": "https://example.com/a.mp4", "platform": "sora"}
    reply = send(mock, "POST", "videotoprompt", "/analyze/batch", json={"analyses": [item, item]})
    assert reply is not None
    mock.clock.advance("1m")
    send(mock, "GET", "videotoprompt", f"/analyze/batch/{reply.json()['id']}")
    assert mock.verdict().clean
    assert {job.parent for job in facts_of(mock).jobs} == {None, reply.json()["id"]}


# Declarations.


def test_every_declared_row_is_in_the_ledger() -> None:
    rows = ledger(all_providers()).rows
    for provider in all_providers():
        declared = provider_facts(provider)
        advised = [declared.poll_every, declared.patience, declared.longest, declared.asset_lifetime]
        names = [each.row for each in advised if each is not None]
        names += [each for each in (declared.webhook_row, declared.signature_row) if each is not None]
        for operation in declared.operations.values():
            names += [operation.cost_row] if operation.cost_row is not None else []
            names += [operation.poll_every.row] if operation.poll_every is not None else []
            names += [f"limit.{name}" for name in operation.counts]
        missing = {f"{provider.name}.{name}" for name in names} - rows.keys()
        assert not missing


def test_the_advice_of_the_providers() -> None:
    every = {provider.name: provider.poll_every for provider in all_providers()}
    assert {name: advised.ms for name, advised in every.items() if advised} == {
        "videotoprompt": 3_000,
        "nanophoto": 5_000,
    }


def test_every_operation_has_a_role() -> None:
    known = {f"{p.name}.{name}": role for p in all_providers() for name, role in roles(p).items()}
    assert known["videotoprompt.analyze_upload"] == known["descrideo.create_sandbox_description"] == "submit"
    assert known["videotoprompt.get_batch"] == known["prompttovideo.get_status"] == "poll"
    assert known["prompttovideo.video_file"] == known["prompttovideo.thumbnail_file"] == "asset"
    assert known["prompttovideo.list_videos"] == "list"
    assert known["videotoprompt.oauth_authorize"] == known["descrideo.replay_demo_webhook"] == "other"


def test_operations_that_are_paid_for_are_submits() -> None:
    for provider in all_providers():
        declared = provider_facts(provider).operations
        assert all(each.role == "submit" and each.cost_row for each in declared.values() if each.paid)


def test_the_names_of_the_rules_are_those_of_the_table() -> None:
    assert {rule.name for rule in RULES} == RULE_NAMES
    assert len(RULES) == len(RULE_NAMES) == 24


def test_the_verdict_works_over_asgi_too() -> None:
    with MockServer(clock="manual") as mock, httpx2.Client(transport=mock.transport()) as client:
        headers = {"Authorization": f"Bearer {mock.key('prompttovideo')}"}
        assert client.get("https://prompttovideo.com/api/v1/account", headers=headers).status_code == 200
        assert mock.verdict().clean
        assert json.dumps(mock.verdict().counts) == '{"error": 0, "warning": 0, "note": 0}'
