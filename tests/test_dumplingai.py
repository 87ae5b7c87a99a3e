"""DumplingAI as FACTS section 5 rules it. Names in brackets are rows of that section."""

import json

import pytest

from mockserver.providers.dumplingai import extraction, models
from tests.conversation import Conversation
from tests.dumplingai_client import (
    ASKED,
    OUT_OF_CREDITS,
    PATH,
    PROMPT,
    UNAUTHORIZED,
    URL,
    balance,
    by,
    extracted,
    held_to,
    latest,
    mp4,
    refused,
    sent,
)  # fmt: skip

FORMATS = ["mp4", "mpeg", "mov", "avi", "flv", "mpg", "webm", "wmv", "3gpp"]
PRO = {"accounts": [{"key": "*", "plan": "pro"}]}


@pytest.mark.parametrize(
    "headers", [{"Authorization": ""}, {"Authorization": "Bearer "}, {"Authorization": "key-1"}, by("invalid")]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_missing_or_wrong_key(method: str, headers: dict[str, str]):
    """FACTS section 5: auth."""

    async with Conversation() as t:
        reply = await t.client.request(method, PATH, json=ASKED if method == "POST" else None, headers=headers)
        assert held_to(models.Error, reply, 401) == UNAUTHORIZED


async def test_the_documented_request_and_its_reply():
    """FACTS section 5: request, reply."""

    async with Conversation() as t:
        reply = await extracted(t, jsonMode=False)
        assert list(reply) == ["results", "prompt", "videoDuration", "creditUsage"]
        assert reply["prompt"] == PROMPT
        assert reply["results"].strip()


@pytest.mark.parametrize(
    "prompt", [PROMPT, "List every product with its price.", "{", "夕日 🌅 \u0000 \\ \"'", "x" * 200_000, " "]
)
async def test_in_json_mode_the_results_are_a_string_of_json(prompt: str):
    """FACTS section 5: reply (jsonMode)."""

    async with Conversation() as t:
        reply = await extracted(t, prompt=prompt, jsonMode=True)
        assert isinstance(json.loads(reply["results"]), dict | list)
        assert reply["prompt"] == prompt
        assert (await extracted(t, prompt=prompt))["results"] != reply["results"]


async def test_unknown_properties_are_refused():
    """FACTS section 5: request (additionalProperties)."""

    async with Conversation() as t:
        assert await refused(t, {**ASKED, "language": "en"}) == "Unknown property: language"
        assert await refused(t, {**ASKED, "input_method": "url"}) == "Unknown property: input_method"


@pytest.mark.parametrize("source", models.SOURCES)
async def test_documented_sources(source: str):
    """FACTS section 5: requestSource."""

    async with Conversation() as t:
        await extracted(t, requestSource=source)
        assert "deviations" not in await latest(t)


@pytest.mark.parametrize(
    ("duration", "credits"), [(1, 101), (100, 101), (101, 102), (5_000, 150), (60_000, 700), (3_600_000, 36_100)]
)
async def test_the_price(duration: int, credits: int):
    """FACTS section 5: credits. 100, and 10 a second, rounded up to a whole number."""

    assert extraction.cost(duration) == credits
    async with Conversation({"providers": {"dumplingai": {"video_seconds": duration / 1000}}}) as t:
        reply = await extracted(t)
        assert (reply["videoDuration"], reply["creditUsage"]) == (duration / 1000, credits)


@pytest.mark.parametrize("duration", [1, 999, 1_000, 7_250, 3_600_000])
async def test_the_duration_of_a_file_is_read_from_it(duration: int):
    """FACTS section 5: duration (base64)."""

    async with Conversation() as t:
        reply = held_to(models.Extracted, await t.post(PATH, sent(mp4(duration))))
        assert reply["videoDuration"] == duration / 1000
        assert reply["creditUsage"] == extraction.cost(duration)


async def test_the_duration_of_a_url_is_seeded_from_it():
    """FACTS section 5: duration (url): 5 to 600 s, and the same again for the same video, whatever is asked of it."""

    async with Conversation() as t:
        lengths = [(await extracted(t, video=f"https://example.com/{i}.mp4"))["videoDuration"] for i in range(40)]
        assert all(5 <= length <= 600 for length in lengths)
        assert len(set(lengths)) > 30
        again = await extracted(t, video="https://example.com/7.mp4", prompt="What else?", jsonMode=True)
        assert again["videoDuration"] == lengths[7]


async def test_the_same_request_gets_the_same_bytes():
    async with Conversation() as t:
        by_url, by_file = await t.post(PATH, ASKED), await t.post(PATH, sent(mp4(9_000)))
    async with Conversation() as t:
        await extracted(t, video="https://example.com/other.mp4")
        assert (await t.post(PATH, ASKED)).content == by_url.content
        assert (await t.post(PATH, sent(mp4(9_000)))).content == by_file.content


async def test_a_scenario_can_set_the_duration():
    """FACTS section 5: duration (a scenario can set it), for files too."""

    async with Conversation({"providers": {"dumplingai": {"video_seconds": 12.5}}}) as t:
        assert (await extracted(t))["videoDuration"] == 12.5
        assert held_to(models.Extracted, await t.post(PATH, sent(mp4(9_000))))["videoDuration"] == 12.5


async def test_videos_that_are_too_long():
    """FACTS section 5: limits (over 3,600 s)."""

    async with Conversation({"providers": {"dumplingai": {"video_seconds": 3600.001}}}) as t:
        assert "1 hour (3600 seconds)" in await refused(t, ASKED)
        assert await balance(t) == (None, 0)


async def test_files_that_are_too_long():
    """FACTS section 5: limits (over 3,600 s), read from the file."""

    async with Conversation() as t:
        # The movie header states its timescale, and then the duration (ISO 14496-12, section 8.2.2).
        data = bytearray(mp4(3_600_000))
        at = data.index(b"mvhd") + 4 + 16
        assert int.from_bytes(data[at : at + 4], "big") == 3_600_000
        data[at : at + 4] = (3_600_001).to_bytes(4, "big")
        assert "1 hour (3600 seconds)" in await refused(t, sent(bytes(data)))


@pytest.mark.parametrize("ending", [*FORMATS, "3gp", "MP4", "WebM"])
async def test_supported_formats_by_url(ending: str):
    """FACTS section 5: formats. Queries and fragments are no part of a file's name."""

    async with Conversation() as t:
        for url in (f"https://example.com/a.{ending}", f"http://1.2.3.4:99/a.b.{ending}?sign=x.mkv#t.txt"):
            await extracted(t, video=url)


@pytest.mark.parametrize(
    "url", ["https://youtu.be/abc", "https://example.com", "https://example.com/v1.2/", "https://e.com/?a.txt"]
)
async def test_a_url_that_shows_no_format_is_taken(url: str):
    async with Conversation() as t:
        await extracted(t, video=url)


@pytest.mark.parametrize("ending", ["mkv", "m4v", "ogv", "gif", "mp3", "html", "MKV", "mp4x"])
async def test_unsupported_formats_by_url(ending: str):
    """FACTS section 5: limits (unsupported format)."""

    async with Conversation() as t:
        told = await refused(t, {**ASKED, "video": f"https://example.com/video.mp4/a.{ending}?x=.mp4"})
        assert told == f"Unsupported video format: {ending.lower()}. Supported formats: {', '.join(FORMATS)}"


@pytest.mark.parametrize(
    "head",
    [
        b"FLV\x01\x05\0\0\0\x09",
        b"\0\0\x01\xba" + bytes(20),
        b"\0\0\x01\xb3" + bytes(20),
        b"RIFF\x10\0\0\0AVI LIST",
        bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d"),
        bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
        b"\0\0\0\x14ftyp3gp4" + bytes(8),
        b"\0\0\0\x14ftypqt  " + bytes(8),
        b"\0\0\0\x08wide",
    ],
    ids=["flv", "mpeg", "mpg", "avi", "webm", "wmv", "3gpp", "mov", "old mov"],
)
async def test_supported_formats_by_content(head: bytes):
    """FACTS section 5: formats, duration. What states no duration has one seeded from its content."""

    async with Conversation() as t:
        first, other = [held_to(models.Extracted, await t.post(PATH, sent(head + tail))) for tail in (b"", b"other")]
        assert 5 <= first["videoDuration"] <= 600
        assert first["videoDuration"] != other["videoDuration"]


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"\x1a\x45\xdf\xa3matroska", b"OggS" * 9]
)
async def test_unsupported_formats_by_content(data: bytes):
    """FACTS section 5: limits (unsupported format)."""

    async with Conversation() as t:
        told = await refused(t, sent(data))
        assert told.startswith("Unsupported video format" if data else "The video is empty")


async def test_the_list_of_formats():
    """FACTS section 5: formats (GET). It counts as a request, and needs a key like every other."""

    async with Conversation(PRO) as t:
        reply = await t.get(PATH)
        assert held_to(models.Formats, reply) == {"supportedFormats": FORMATS}
        assert reply.headers["x-ratelimit-remaining"] == "59"
        head = await t.client.head(PATH)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(reply.content))


@pytest.mark.parametrize("plan", ["free", "starter", "basic", "pro", "enterprise", None])
async def test_sixty_requests_a_minute(plan: str | None):
    """FACTS section 5: rate limit. Every reply tells, errors too; a window later all is new."""

    async with Conversation({"accounts": [{"key": "*", "plan": plan}]}) as t:
        for used in range(1, 61):
            body, status = (ASKED, 200) if used % 3 else ({**ASKED, "video": "ftp://x"}, 400)
            reply = await t.post(PATH, body)
            assert reply.status_code == status
            assert (reply.headers["x-ratelimit-limit"], reply.headers["x-ratelimit-remaining"]) == (
                "60",
                str(60 - used),
            )
        reply = await t.post(PATH, ASKED)
        assert held_to(models.Error, reply, 429) == {"error": "Rate limit exceeded"}
        assert reply.headers["x-ratelimit-remaining"] == "0"
        assert (await t.get(PATH)).status_code == 429
        await extracted(t, key="another")
        await t.advance(60)
        assert (await t.get(PATH)).headers["x-ratelimit-remaining"] == "59"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("POST", "/extract-video/", 404),
        ("DELETE", "/extract-video", 405),
        ("PUT", "/extract-video", 405),
        ("OPTIONS", "/extract-video", 405),
    ],
)
async def test_paths_and_methods_that_do_not_exist(method: str, path: str, status: int):
    """FACTS section 5: rate limit (the headers are on every response)."""

    async with Conversation() as t:
        reply = await t.client.request(method, f"/dumplingai/api/v1{path}")
        held_to(models.Error, reply, status)
        assert reply.headers.get("allow") == ("GET, HEAD, POST" if status == 405 else None)


async def test_an_unlimited_account_still_has_numbers_in_its_headers():
    async with Conversation({"accounts": [{"key": "*", "limits": {"requests_per_minute": None}}]}) as t:
        reply = await t.get(PATH)
        assert reply.headers["x-ratelimit-limit"] == reply.headers["x-ratelimit-remaining"] == "1000000"


async def test_credits_are_unlimited_unless_an_account_has_a_balance():
    """FACTS section 5: 402."""

    accounts = [{"key": "rich", "credits": 1000}, {"key": "*", "plan": "pro"}]
    async with Conversation({"accounts": accounts, "providers": {"dumplingai": {"video_seconds": 60}}}) as t:
        assert await balance(t) == (None, 0)
        assert (await extracted(t, "rich"))["creditUsage"] == 700
        assert await balance(t, "rich") == (300, 0)
        assert held_to(models.Error, await t.post(PATH, ASKED, headers=by("rich")), 402) == OUT_OF_CREDITS
        assert await balance(t, "rich") == (300, 0)
        await extracted(t)


async def test_the_whole_balance_can_be_used():
    """FACTS section 5: 402."""

    accounts = [{"key": "*", "credits": 700}]
    async with Conversation({"accounts": accounts, "providers": {"dumplingai": {"video_seconds": 60}}}) as t:
        await extracted(t)
        assert await balance(t) == (0, 0)
        assert await refused(t, ASKED, 402) == OUT_OF_CREDITS["error"]


async def test_the_ledger_tells_which_request_took_what():
    accounts = [{"key": "*", "credits": 9000}]
    async with Conversation({"accounts": accounts, "providers": {"dumplingai": {"video_seconds": 60}}}) as t:
        await extracted(t)
        account = (await t.get("/_mock/accounts/key-1?provider=dumplingai")).json()["accounts"][0]
        number = (await latest(t))["number"]
        told = [(e["kind"], e["amount"], e["reference"]) for e in account["ledger"]]
        reference = f"extract_video {number}"
        assert told == [("opening", 9000, ""), ("reserve", -700, reference), ("capture", 0, reference)]


@pytest.mark.parametrize(
    ("word", "status", "told"),
    [
        ("mock-fail", 500, "Failed to extract video data: the request could not be processed"),
        ("mock-server-error", 500, "Failed to extract video data: the request could not be processed"),
        ("mock-invalid", 400, "Invalid request payload"),
        ("mock-unauthorized", 401, UNAUTHORIZED["error"]),
        ("mock-forbidden", 403, "This API key may not do this"),
        ("mock-not-found", 404, "Not found"),
        ("mock-no-credits", 402, OUT_OF_CREDITS["error"]),
        ("mock-rate-limited", 429, "Rate limit exceeded"),
        ("mock-overloaded", 503, "The service is temporarily unavailable"),
    ],
)
async def test_magic_inputs_work_in_the_url_and_in_the_prompt(word: str, status: int, told: str):
    """FACTS section 5: 500, and what else can be asked for. A file that is sent along has its prompt."""

    async with Conversation() as t:
        asked = [
            {**ASKED, "video": f"https://example.com/{word}.mp4"},
            {**ASKED, "prompt": f"Please {word}."},
            sent(mp4(5_000), prompt=f"Please {word}."),
        ]
        auto = await t.post("/_mock/clock", {"mode": "auto"})
        assert auto.status_code == 200
        for body in asked:
            assert await refused(t, body, status) == told
        await extracted(t)


async def test_a_server_error_is_a_failed_extraction_only_where_something_is_extracted():
    """FACTS section 5: 500."""

    rule = {
        "name": "broken",
        "operation": "dumplingai.*",
        "fault": {"kind": "server_error", "message": "the disk is full"},
    }
    async with Conversation({"rules": [rule]}) as t:
        assert held_to(models.Error, await t.get(PATH), 500) == {"error": "the disk is full"}
        assert await refused(t, ASKED, 500) == "Failed to extract video data: the disk is full"


@pytest.mark.parametrize("base", ["http://mock.test/dumplingai", "http://mock.test", "https://app.dumplingai.com"])
async def test_every_way_of_addressing_it(base: str):
    async with Conversation() as t:
        reply = await t.post(f"{base}/api/v1/extract-video", {**ASKED, "video": URL})
        assert held_to(models.Extracted, reply)["prompt"] == PROMPT


async def test_a_prompt_in_an_unknown_language_gets_english_and_a_note():
    """FACTS section 6: answered in English, and the journal says so."""

    async with Conversation() as t:
        reply = await extracted(t, prompt="Quali prodotti si vedono nel video?")
        assert "This video shows" in reply["results"] or "Number of" in reply["results"]
        entry = await latest(t)
        assert entry["note"].startswith("the results are in English")
        assert "dumplingai.rule.other_language" in [row["rule"] for row in entry["rests_on"]]


@pytest.mark.parametrize(
    ("prompt", "row"),
    [
        ("Describe the main events in this video.", None),
        ("How many people are there? Only the number.", "rule.form"),
        ("Fasse das Video zusammen.", "rule.prompt_language"),
    ],
)
async def test_the_form_and_the_language_follow_from_the_prompt(prompt: str, row: str | None):
    """FACTS section 5: prompt decides the form of `results`; two prompts about one URL agree."""

    async with Conversation() as t:
        await extracted(t, prompt=prompt)
        rows = [row["rule"] for row in (await latest(t))["rests_on"]]
        assert [each for each in ("rule.form", "rule.prompt_language") if f"dumplingai.{each}" in rows] == [row] * bool(
            row
        )
