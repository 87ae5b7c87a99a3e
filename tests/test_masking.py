"""No credential is shown whole: a canary in every place that takes one, and all outputs are searched for it."""

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.control.boundary import TOKEN_HEADER
from mockserver.core.masking import Masking, masked, secrets_in
from mockserver.core.scenario import WebhookSpec
from mockserver.intercept.report import count_calls, report
from mockserver.kit.credentials import credential_names, secret_fields
from mockserver.kit.provider import Provider
from mockserver.openapi import document
from mockserver.outgoing.call import CallResult
from mockserver.providers.registry import all_providers
from mockserver.settings import Settings
from mockserver.testing import MockServer
from tests.conversation import Conversation
from tests.raw import exchange, request

CANARY = "canary-4f9d2b7e61"
SUBMIT = "/videotoprompt/v1/analyze/url"
URL = {"url": "https://example.com/hike.mp4"}
HOOK = "http://127.0.0.1:9000/hook"
PROVIDERS = all_providers()

# Names that mean a credential although no provider here declares them.
HEADERS = (
    "Api-Key", "X-Auth-Token", "X-Goog-Api-Key", "X-Amz-Security-Token", "X-Access-Token", "X-Api-Secret",
    "Ocp-Apim-Subscription-Key", "X-Functions-Key", "X-RapidAPI-Key", "X-CSRF-Token", "Private-Token",
    "Proxy-Authorization", "X-Session-Id", "X-Password",
)  # fmt: skip
PARAMETERS = (
    "api_key", "apikey", "key", "token", "access_token", "refresh_token", "id_token", "client_secret", "password",
    "sig", "X-Amz-Signature", "X-Amz-Credential", "X-Goog-Signature", "AWSAccessKeyId", "auth[token]",
)  # fmt: skip
FIELDS = (
    "apiKey",
    "api_key",
    "accessToken",
    "clientSecret",
    "password",
    "private_key",
    "secrets",
    "sessionId",
    "webhookSecret",
)


def declared_headers() -> Iterator[tuple[str, str]]:
    """The headers in which providers and the control API take credentials, with a canary each."""
    yield "Authorization", f"Bearer {CANARY}"
    yield "Authorization", f"Basic {CANARY}"
    yield "Cookie", f"session={CANARY}; theme=dark"
    yield TOKEN_HEADER, CANARY
    yield from ((name, CANARY) for provider in PROVIDERS for name in provider.key_headers)
    schemes = [scheme for provider in PROVIDERS for scheme in provider.security.values()]
    yield from ((str(scheme["name"]), CANARY) for scheme in schemes if scheme.get("in") == "header")


def declared_fields() -> Iterator[str]:
    """The fields that models declare as credentials."""
    for provider in PROVIDERS:
        models = [provider.options_model, *(m for o in provider.operations for m in (o.body, o.query) if m is not None)]
        yield from (name for model in models for name in secret_fields(model))
    yield from secret_fields(WebhookSpec)


def texts() -> Iterator[str]:
    """Texts in which a client can send a credential to somebody else."""
    for name in PARAMETERS:
        url = f"https://files.example.com/a.mp4?x=1&{name}={CANARY}&y=2"
        yield from (url, url.replace("=", "%3D"), f"https://proxy.example.com/?url={quote(url, safe='')}")
    yield f"https://user:{CANARY}@files.example.com/a.mp4"
    yield f"https://{CANARY}@files.example.com/a.mp4"
    yield f"https://proxy.example.com/?url={quote(f'https://user:{CANARY}@files.example.com', safe='')}"
    yield f"Authorization: Bearer {CANARY}"
    for name in {*FIELDS, *declared_fields()}:
        yield from (json.dumps({name: CANARY}), json.dumps({name: [CANARY, {"a": CANARY}]}, indent=1))
        yield json.dumps({"inner": json.dumps({name: CANARY, "x": 1})})
        yield json.dumps({"x": {name: CANARY}})[: -len(CANARY) // 2]


REQUESTS: dict[str, tuple[dict[str, str], Any]] = {
    **{f"header {name} {value[:6]}": ({name: value}, URL) for name, value in declared_headers()},
    **{f"header {name}": ({name: CANARY}, URL) for name in HEADERS},
    **{
        f"body {number}": ({}, {"url": "https://example.com/a.mp4", "note": text})
        for number, text in enumerate(texts())
    },
    **{f"url {number}": ({}, {"url": text}) for number, text in enumerate(texts()) if text.startswith("https:")},
    **{f"field {name}": ({}, {**URL, name: CANARY}) for name in (*FIELDS, *declared_fields())},
    "deep field": ({}, {**URL, "x": [{"credentials": {"user": "a", "pass": CANARY}}]}),
    "own key in a body": ({"Authorization": f"Bearer {CANARY}"}, {**URL, "note": f"my key is {CANARY}."}),
}


async def outputs(t: Conversation) -> Iterator[tuple[str, str]]:
    """Everything that the control API shows, and what the reports print."""
    shown = []
    for path, item in document("control")["paths"].items():
        if "get" in item and not path.startswith(("/docs", "/events")):  # the stream of events never ends
            filled = path.replace("{key}", CANARY).replace("{name}", "control").replace("{id}", "none")
            filled = filled.replace("{offset}", "latest")
            shown.append((path, (await t.get(f"/_mock{filled}")).text))
    jobs = (await t.get("/_mock/jobs")).json()["jobs"]
    shown += [("/jobs/{id}", (await t.get(f"/_mock/jobs/{job['id']}")).text) for job in jobs]
    shown.append(("exec --report", "\n".join(report(await count_calls(t.app.sandboxes), {}))))
    return iter(shown)


async def assert_hidden(t: Conversation, *, without: str = "") -> None:
    for name, text in await outputs(t):
        if name == without:
            continue
        # The path of a document that does not exist is repeated to the client that asked for it.
        assert CANARY not in text, f"{name}: {text[max(0, text.find(CANARY) - 200) :][:400]}"
        assert CANARY[3:-3] not in text, name


async def test_what_a_request_contains_is_hidden() -> None:
    async with Conversation() as t:
        for headers, body in REQUESTS.values():
            await t.post(SUBMIT, body, headers=headers)
            await t.post("/videotoprompt/v1/nothing", body, headers=headers)
            await t.post("/nothing", body, headers=headers)
        entries = (await t.get("/_mock/journal?limit=5000")).json()["entries"]
        assert sum(entry["kind"] == "request" for entry in entries) == 3 * len(REQUESTS)
        for entry in entries:
            assert CANARY not in json.dumps(entry), entry
        await assert_hidden(t)


async def test_a_key_in_a_path_is_hidden() -> None:
    key = {"Authorization": f"Bearer {CANARY}"}
    async with Conversation() as t:
        for path in (
            f"/videotoprompt/v1/analyze/{CANARY}",
            f"/videotoprompt/{CANARY}/x",
            f"/{CANARY}",
            f"/x?k={CANARY}",
        ):
            await t.get(path, headers=key)
        await t.get(f"/api_key={CANARY}")
        await assert_hidden(t)


async def test_what_every_provider_accepts_is_hidden() -> None:
    async with Conversation() as t:
        for provider in PROVIDERS:
            for name in (*provider.key_headers, "Authorization"):
                for value in (f"{provider.key_prefix}{CANARY}", f"Bearer {provider.key_prefix}{CANARY}"):
                    for operation in provider.operations:
                        path = f"/{provider.name}{operation.path}".replace("{", "").replace("}", "")
                        await t.client.request(operation.method, path, headers={name: value}, json={"x": value})
        for entry in (await t.get("/_mock/journal?limit=5000")).json()["entries"]:
            assert CANARY not in json.dumps(entry), entry
        await assert_hidden(t)


async def test_what_a_scenario_contains_is_hidden() -> None:
    account = {"key": CANARY, "webhook": {"url": f"http://u:{CANARY}@127.0.0.1:9000/?token={CANARY}", "secret": CANARY}}
    when = {"account.key": {"equals": CANARY}, "header.x-api-key": {"in": [CANARY]}}
    rule = {"name": "r", "operation": "videotoprompt.analyze_url", "when": when, "fault": {"kind": "server_error"}}
    providers = {"videotoprompt": {"clients": {"my-app": CANARY}}}
    scenario = {"extends": "default", "accounts": [account], "rules": [rule], "providers": providers}
    async with Conversation(scenario) as t:
        await t.post(SUBMIT, URL, headers={"Authorization": "Bearer another"})
        await t.post(SUBMIT, {**URL, "note": CANARY})
        await t.post("/_mock/faults", {"operation": "*", "when": when, "fault": {"kind": "server_error"}})
        await t.client.request("PATCH", f"/_mock/accounts/{CANARY}", json={"webhook": account["webhook"]})
        await assert_hidden(t)
        armed = await t.post("/_mock/faults", {"operation": "*", "when": when, "fault": {"kind": "server_error"}})
        changed = await t.client.request("PATCH", f"/_mock/accounts/{CANARY}", json={"credits": 3})
        assert CANARY not in armed.text + changed.text


async def test_what_a_receiver_gets_and_answers_is_hidden() -> None:
    url = f"http://u:{CANARY}@127.0.0.1:9000/hook?X-Amz-Signature={CANARY}&x=1"
    account = {"key": "*", "plan": "pro", "webhook": {"url": url, "secret": CANARY}}
    cookie = ("Set-Cookie", f"session={CANARY}; Path=/; HttpOnly")
    location = ("Location", f"https://u:{CANARY}@example.com/?token={CANARY}")
    async with Conversation({"extends": "default", "accounts": [account]}) as t:
        headers = (cookie, location, ("X-Api-Key", CANARY))
        t.receivers.answers = [CallResult("response", 500, headers=headers, body=f'{{"api_key": "{CANARY}"}}'.encode())]
        t.receivers.answers.append(CallResult("connect_error", error=f"cannot connect to {url}"))
        await t.post(
            SUBMIT, {"url": "https://example.com/mock-fast.mp4"}, headers={"Authorization": f"Bearer {CANARY}"}
        )
        await t.advance(600)
        (delivery, *_) = (await t.get("/_mock/deliveries")).json()["deliveries"]
        assert len(delivery["attempts"]) > 2
        assert delivery["attempts"][0]["reply_headers"]["Set-Cookie"].endswith("; Path=/; HttpOnly")
        # Receivers are debugged with signatures, and a signature of a body opens nothing else.
        assert delivery["attempts"][0]["headers"]["X-V2P-Signature"] in str(t.receivers.calls[0].headers)
        assert (await t.get(f"/_mock/deliveries?url={quote(url, safe='')}")).json()["deliveries"]
        await assert_hidden(t)


async def test_the_token_of_the_control_api_is_hidden_everywhere() -> None:
    async with Conversation(None, Settings(token=CANARY)) as t:
        await t.post(SUBMIT, {**URL, "note": f"token {CANARY}"})
        await t.get(f"/videotoprompt/{CANARY}")
        await t.get("/nothing", headers={TOKEN_HEADER: CANARY})
        t.client.headers[TOKEN_HEADER] = CANARY
        # The server of `exec` has no token.
        await assert_hidden(t, without="exec --report")


def test_reports_of_tests_hide_credentials() -> None:
    with MockServer(clock="manual") as mock:
        client = mock.transport()
        import httpx2

        with httpx2.Client(transport=client, base_url="http://mock.test") as http:
            own = f"{CANARY}-sbx-{mock.name}"
            key = {"Authorization": f"Bearer {own}"}
            mock.account("videotoprompt", own).send_events_to(f"http://u:{CANARY}@127.0.0.1:1/?sig={CANARY}")
            http.post(SUBMIT, json={**URL, "webhook_url": f"http://u:{CANARY}@127.0.0.1:1/"}, headers=key)
            http.get(f"/~{mock.name}/{own}/x?token={CANARY}", headers=key)
            http.get(f"/~{mock.name}/videotoprompt/v1/analyze/{own}", headers=key)
        mock.clock.advance(100)
        expectation = mock.expect("videotoprompt.analyze_url", key=CANARY)
        texts = (mock.report(), expectation.problem() or "")
        mock._expectations.clear()
    for text in texts:
        assert CANARY not in text
    assert "canary..." in texts[1]


def test_the_access_log_hides_credentials(server_with_log: tuple[Any, list[str]]) -> None:
    address, lines = server_with_log
    own = [f"Authorization: Bearer {CANARY}", "Connection: close"]
    for name in PARAMETERS:
        exchange(
            address, request("GET", f"/videotoprompt/v1/analyze/x?{quote(name)}={CANARY}", b"", "Connection: close")
        )
    for path in (f"/_mock/accounts/{CANARY}", f"/x?u=https://u:{CANARY}@h", f"/x?u=https%3A%2F%2Fu:{CANARY}%40h"):
        exchange(address, request("GET", path, b"", "Connection: close"))
    exchange(
        address, f"GET /v1/{CANARY} HTTP/1.1\r\nHost: localhost\r\n".encode() + "\r\n".join([*own, "", ""]).encode()
    )
    assert len(lines) == len(PARAMETERS) + 4
    assert CANARY not in "\n".join(lines)


@pytest.fixture
def server_with_log() -> Iterator[tuple[Any, list[str]]]:
    from mockserver.app import create_app
    from tests.live import live_server

    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    access = logging.getLogger("mockserver.access")
    access.addHandler(handler)
    level, access.level = access.level, logging.INFO
    try:
        with live_server(create_app(), access_log=True) as base:
            yield ("127.0.0.1", int(base.rpartition(":")[2])), lines
    finally:
        access.removeHandler(handler)
        access.level = level


# --- What is accepted as a credential is declared, and known by its name ---


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda p: p.name)
def test_every_field_whose_name_means_a_credential_is_declared_as_one(provider: Provider) -> None:
    masking = Masking()
    models = [provider.options_model, *(m for o in provider.operations for m in (o.body, o.query) if m is not None)]
    for model in models:
        named = {n for n, field in model.model_fields.items() if masking.is_secret(n) and field.annotation is str}
        assert named <= set(secret_fields(model)), model


def test_declared_names_are_hidden_also_if_no_list_has_them() -> None:
    class Custom(Provider):
        name = "custom"
        key_headers = ("x-pass-phrase-of-mine",)
        operations = ()

    masking = Masking(credential_names([Custom()]))
    assert masking.headers([("X-Pass-Phrase-Of-Mine", CANARY)]) == [("X-Pass-Phrase-Of-Mine", masked(CANARY))]


# --- The function ---


@pytest.mark.parametrize(
    "text",
    [
        '{"tokens": 12, "max_tokens": 5, "code": "INVALID_INPUT", "primary": "key"}',
        "https://example.com/a?b=c&d=e#f", "the token is free",
        '{"url":"https://example.com/hike.mp4","quality":"free"}', "body.prompt contains 'secret garden'",
        "a@b.example, see https://example.com/@user", "max_tokens=100&top_p=1", "", '{"key":"free-*"}',
    ],
)  # fmt: skip
def test_other_texts_are_unchanged(text: str) -> None:
    assert Masking().text(text) == text


def test_the_same_credential_has_the_same_text_and_enough_of_it_to_recognise_it() -> None:
    assert masked("nxt_live_alice-1") == masked("nxt_live_alice-1") != masked("nxt_live_alice-2")
    assert masked("nxt_live_alice-1").startswith("nxt_li...")
    assert Masking().text(Masking().text(f"?token={CANARY}")) == Masking().text(f"?token={CANARY}")


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_json_stays_json(data: Any) -> None:
    for text in (json.dumps({"secret": data, "x": data}), json.dumps(data, indent=1, ensure_ascii=False)):
        json.loads(Masking().text(text))


@given(st.dictionaries(st.sampled_from(["token", "x", "y"]), st.lists(st.just(CANARY) | st.text(max_size=3))))
def test_strings_below_a_secret_name_are_hidden_at_any_depth(data: Any) -> None:
    hidden = Masking(values=list(secrets_in(data))).text(json.dumps(data))
    assert CANARY not in hidden or CANARY not in list(secrets_in(data))


@given(st.text(max_size=200))
def test_any_text_is_masked_without_an_error(text: str) -> None:
    masking = Masking(values=[CANARY])
    assert CANARY not in masking.text(text + CANARY + text)
    masking.headers([(text, text), ("cookie", text), ("authorization", text)])
    masking.condition(text)
