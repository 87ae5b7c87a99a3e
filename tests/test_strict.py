"""Deviations that published clients are known to send: reported, and refused by a strict server."""

from pathlib import Path

import pytest

from mockserver.kit.models import Body
from mockserver.settings import Settings, SettingsError, load
from tests.conversation import Conversation
from tests.dumplingai_client import ASKED, PATH, balance, extracted, latest, refused

STRICT = Settings(strict=True)
DEVIATION = "requestSource: 'N8N_CLOUD' is not one of API, WEB, MAKE_DOT_COM, ZAPIER, N8N, PLAYGROUND"


async def test_a_deviation_is_served_and_reported():
    """FACTS section 5: requestSource."""
    async with Conversation() as t:
        await extracted(t, requestSource="N8N_CLOUD")
        [deviation] = (await latest(t))["deviations"]
        assert deviation.startswith(DEVIATION)


@pytest.mark.parametrize("source", ["", "api", "N8N ", "夕日", "x" * 100_000])
async def test_a_deviation_quotes_the_first_60_characters_of_a_value(source: str):
    """FACTS section 5: requestSource."""
    async with Conversation() as t:
        await extracted(t, requestSource=source)
        [deviation] = (await latest(t))["deviations"]
        assert deviation.startswith(f"requestSource: {source[:60]!r} is not one of API, ")


@pytest.mark.parametrize("settings", [None, STRICT], ids=["default", "strict"])
async def test_a_request_without_deviations_reports_none(settings):
    async with Conversation(settings=settings) as t:
        await extracted(t, requestSource="N8N")
        assert "deviations" not in await latest(t)
        await extracted(t)
        assert "deviations" not in await latest(t)


async def test_a_strict_server_refuses_a_deviation_in_the_providers_format():
    """FACTS section 5: requestSource. It is reported as well, and nothing is charged."""
    async with Conversation({"accounts": [{"key": "*", "credits": 9_000}]}, STRICT) as t:
        assert (await refused(t, {**ASKED, "requestSource": "N8N_CLOUD"})).startswith(DEVIATION)
        entry = await latest(t)
        assert (entry["status"], len(entry["deviations"])) == (400, 1)
        assert await balance(t) == (9_000, 0)


async def test_a_strict_server_refuses_before_it_applies_rules():
    async with Conversation(settings=STRICT) as t:
        body = {**ASKED, "prompt": "mock-server-error"}
        await refused(t, {**body, "requestSource": "N8N_CLOUD"}, 400)
        await refused(t, {**body, "requestSource": "N8N"}, 500)


async def test_a_deviation_is_reported_even_if_a_rule_refuses_the_request():
    async with Conversation() as t:
        await refused(t, {**ASKED, "prompt": "mock-server-error", "requestSource": "N8N_CLOUD"}, 500)
        assert len((await latest(t))["deviations"]) == 1


@pytest.mark.parametrize(
    ("scenario", "settings"), [(None, STRICT), ({"extends": "dumplingai-contract"}, None)], ids=["strict", "scenario"]
)
async def test_strict_means_the_openapi_document_and_not_the_documentation_page(scenario, settings):
    """DumplingAI's OpenAPI document allows any text as a video, and has no GET; the page is stricter and has both."""
    async with Conversation(scenario, settings) as t:
        await extracted(t, video="no URL at all", prompt="")
        listing = await t.get(PATH)
        assert (listing.status_code, listing.headers["allow"]) == (405, "POST")


async def test_a_strict_server_serves_what_the_contract_allows():
    async with Conversation(settings=STRICT) as t:
        await extracted(t, requestSource="STUDIO")
        url = {"url": "https://example.com/a.mp4"}
        assert (await t.post("/videotoprompt/v1/analyze/url", url)).status_code == 202


def test_a_model_without_deviations_reports_none() -> None:
    assert tuple(Body().deviations()) == ()


def test_strict_is_a_setting_of_the_file_the_environment_and_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "mockserver.toml"
    file.write_text("strict = true\n")
    assert not load({}, {}).strict
    assert load({}, {}, file).strict
    assert not load({}, {"MOCKSERVER_STRICT": "off"}, file).strict
    assert load({"strict": True}, {"MOCKSERVER_STRICT": "off"}).strict
    with pytest.raises(SettingsError, match="MOCKSERVER_STRICT must be true or false, not 'very'"):
        load({}, {"MOCKSERVER_STRICT": "very"})


@pytest.mark.parametrize(("flags", "strict"), [([], None), (["--strict"], True), (["--no-strict"], False)])
def test_the_serve_command_has_the_flags_strict_and_no_strict(flags: list[str], strict: bool | None) -> None:
    from mockserver.cli.main import parser_for

    assert parser_for("serve").parse_args(["serve", *flags]).strict is strict
