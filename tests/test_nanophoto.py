"""NanoPhoto as an integrator meets it. Names in brackets are rows of FACTS section 3."""

import pytest

from mockserver.content import locales
from tests.conversation import Conversation
from tests.listener import Listener
from tests.nanophoto_client import API, AUTO, FILE, URL, YOUTUBE, answered, credits, refused, rows, ruled

HOUR = 3_600


@pytest.mark.parametrize("asked", [YOUTUBE, URL, FILE], ids=["youtube", "url", "file"])
async def test_every_source_is_analysed(asked):
    """FACTS section 3: videoSource, stream."""

    async with Conversation(AUTO) as t:
        text = answered(await t.post(API, asked))
        assert text.startswith("## ")
        assert [row[0] for row in rows(text)] == [str(n + 1) for n in range(len(rows(text)))]
        assert all(len(row) == 6 and all(row) for row in rows(text))
        assert len(rows(text)) >= 3
        assert text.count("\n## ") >= 1, "a summary follows the table"


async def test_the_host_alone_is_address_enough():
    """FACTS section 3: Host."""

    async with Conversation(AUTO) as t:
        answered(await t.post("/api/sora-2/reverse-prompt", URL, headers={"Host": "nanophoto.ai"}))
        answered(await t.post("/api/sora-2/reverse-prompt", URL))


@pytest.mark.parametrize("locale", locales.CODES)
async def test_the_text_is_in_the_language_asked_for(locale):
    """FACTS section 3: locale, stream (written in the requested locale)."""

    async with Conversation(AUTO) as t:
        forms = locales.locale(locale).shots
        text = answered(await t.post(API, {**URL, "locale": locale}))
        assert f"## {forms.heading}\n" in text
        assert f"## {forms.summary_heading}\n" in text


async def test_without_a_locale_the_text_is_english():
    """FACTS section 3: locale (default en)."""

    async with Conversation(AUTO) as t:
        assert answered(await t.post(API, URL)) == answered(await t.post(API, {**URL, "locale": "en"}))


@pytest.mark.parametrize("locale", ["xx", "EN", "zh-CN", "", None, 5])
async def test_another_locale_is_refused(locale):
    """FACTS section 3: locale (unknown)."""

    async with Conversation(AUTO) as t:
        assert "locale" in refused(await t.post(API, {**URL, "locale": locale}), "INVALID_INPUT")


async def test_the_same_video_is_told_in_the_same_words():
    """FACTS section 3: stream."""

    async with Conversation(AUTO) as t:
        first = answered(await t.post(API, YOUTUBE))
        await t.post(API, URL)
        again = {**YOUTUBE, "videoUrl": "https://youtu.be/W-15-UmGP5s"}
        assert answered(await t.post(API, again)) == first
        assert answered(await t.post(API, {**YOUTUBE, "videoUrl": "https://youtu.be/W-15-other"})) != first


async def test_the_durations_of_the_shots_add_up_to_the_uploaded_video():
    """FACTS section 3: file; the length is read from the file."""

    async with Conversation(AUTO) as t:
        seconds = [float(row[5].removesuffix(" s")) for row in rows(answered(await t.post(API, FILE)))]
        assert sum(seconds) == pytest.approx(12.3)


async def test_the_head_comes_at_once_and_the_text_word_by_word():
    """FACTS section 3: stream (chunked)."""

    async with Conversation() as t:
        listener = await Listener(t, API, URL).settled()
        assert listener.status == 200
        assert listener.headers["content-type"] == "text/plain; charset=utf-8"
        assert "content-length" not in listener.headers
        await t.advance(0.6)
        assert listener.pieces == [(600, b"## ")]
        await t.advance(120)
        assert listener.complete
        gaps = [b - a for a, b in zip(listener.instants, listener.instants[1:], strict=False)]
        assert min(gaps) >= 30
        assert max(gaps) <= 50
        assert len(listener.pieces) > 100


# Keys, limits and credits.


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic a2V5", "key-1", "Bearer invalid-key"])
async def test_a_missing_or_wrong_key(header):
    """FACTS section 3: auth."""

    async with Conversation(AUTO) as t:
        refused(await t.post(API, URL, headers={"Authorization": header}), "LOGIN_REQUIRED")
        refused(await t.post(API, content=b"{", headers={"Authorization": header}), "LOGIN_REQUIRED")


@pytest.mark.parametrize("plan", ["free", "starter", "basic", "pro", "enterprise"])
async def test_a_key_has_100_requests_an_hour(plan):
    """FACTS section 3: limit."""

    async with Conversation({"accounts": [{"key": "*", "plan": plan}]}) as t:
        for _ in range(100):
            refused(await t.post(API, {}), "INVALID_INPUT")
        refused(await t.post(API, {}), "API_KEY_RATE_LIMIT_EXCEEDED")
        refused(await t.post(API, {}, headers={"Authorization": "Bearer key-2"}), "INVALID_INPUT")
        await t.advance(HOUR - 1)
        refused(await t.post(API, {}), "API_KEY_RATE_LIMIT_EXCEEDED")
        await t.advance(1)
        refused(await t.post(API, {}), "INVALID_INPUT")


async def test_a_credit_is_set_aside_at_the_start_and_charged_at_the_end():
    """FACTS section 3: credits."""

    async with Conversation() as t:
        before = (await credits(t))["credits"]
        listener = await Listener(t, API, URL).settled()
        during = await credits(t)
        assert (during["credits"], during["reserved"]) == (before - 1, 1)
        await t.advance(120)
        assert listener.complete
        after = await credits(t)
        assert (after["credits"], after["reserved"]) == (before - 1, 0)
        assert after["kinds"] == ["opening", "reserve", "capture"]


async def test_without_credits_nothing_starts():
    """FACTS section 3: credits (402)."""

    async with Conversation({**AUTO, "accounts": [{"key": "*", "credits": 1.5}]}) as t:
        answered(await t.post(API, URL))
        refused(await t.post(API, URL), "INSUFFICIENT_CREDITS")
        # What is wrong with a request is found first.
        refused(await t.post(API, {}), "INVALID_INPUT")


async def test_refused_requests_cost_nothing():
    """FACTS section 3: credits."""

    async with Conversation(AUTO) as t:
        before = await credits(t)
        refused(await t.post(API, {}), "INVALID_INPUT")
        refused(await t.post(API, {**URL, "videoUrl": "https://example.com/mock-ai-error.mp4"}), "AI_SERVICE_ERROR")
        assert (await credits(t))["credits"] == before["credits"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"fault": {"kind": "nanophoto: AI_SERVICE_ERROR", "phase": "after_commit"}}, "AI_SERVICE_ERROR"),
        ({"fault": {"kind": "server_error", "phase": "after_commit"}}, "INTERNAL_ERROR"),
        ({"plan": "fails"}, "VIDEO_PROCESSING_FAILED"),
        ({"plan": "never-starts"}, "VIDEO_PROCESSING_FAILED"),
    ],
)
async def test_a_failed_analysis_gives_its_credit_back(rule, code):
    """FACTS section 3: credits (given back when the analysis fails)."""

    async with Conversation(ruled(**rule)) as t:
        refused(await t.post(API, URL), code)
        after = await credits(t)
        assert after["kinds"] == ["opening", "reserve", "release"]
        assert (after["credits"], after["reserved"]) == (1_000_000, 0)


@pytest.mark.parametrize("kind", ["truncate", "reset", "stall"])
async def test_a_stream_that_breaks_off_gives_its_credit_back(kind):
    """FACTS section 3: credits, after the first byte."""

    async with Conversation({**ruled(stream={"fault": {"kind": kind, "at": "60%"}}), "clock": {"mode": "manual"}}) as t:
        listener = await Listener(t, API, URL).settled()
        await t.advance(120)
        assert listener.body
        assert not listener.complete
        assert listener.over == (kind != "stall")
        assert (await credits(t))["kinds"] == ["opening", "reserve", "release"]
        if kind == "stall":
            await listener.leave()
        assert listener.broken == (kind != "stall")


@pytest.mark.parametrize(
    "fault", [{"kind": "garble"}, {"kind": "slow_drip", "rate": 500}, {"kind": "stall", "for": "1m"}]
)
async def test_a_stream_that_is_spoilt_but_whole_is_paid_for(fault):
    """FACTS section 3: credits, after the first byte."""

    async with Conversation({**ruled(stream={"fault": fault}), "clock": {"mode": "manual"}}) as t:
        listener = await Listener(t, API, URL).settled()
        await t.advance(300)
        assert listener.complete
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]


async def test_a_client_that_goes_away_pays_for_the_work():
    """FACTS section 3: credits; that the work is paid for is assumed."""

    async with Conversation() as t:
        listener = await Listener(t, API, URL).settled()
        await t.advance(1)
        await listener.leave()
        assert (await credits(t))["reserved"] == 1
        await t.advance(120)
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]


async def test_an_analysis_is_a_job_that_the_control_api_shows():
    """FACTS section 3: stream."""

    async with Conversation() as t:
        await Listener(t, API, URL).settled()
        await t.advance(5)
        (job,) = (await t.get("/_mock/jobs")).json()["jobs"]
        assert (job["operation"], job["status"]) == ("nanophoto.reverse_prompt", "running")
        assert 0 < job["progress"] < 100
        await t.advance(120)
        (job,) = (await t.get("/_mock/jobs")).json()["jobs"]
        assert job["status"] == "succeeded"


# Plans and texts that a scenario gives.


async def test_a_plan_is_followed_before_the_first_byte():
    """FACTS section 3: stream; plans are neutral."""

    async with Conversation() as t:
        listener = await Listener(t, API, {**URL, "videoUrl": "https://example.com/mock-slow.mp4"}).settled()
        await t.advance(599)
        assert listener.status == 0
        await t.advance(1)
        assert (listener.status, listener.pieces) == (200, [])
        await t.advance(0.6)
        assert listener.instants == [600_600]
        await t.advance(120)
        assert listener.complete
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]


@pytest.mark.parametrize("magic", ["mock-stuck", "mock-stuck-queued", "mock-held"])
async def test_work_that_is_stuck_never_answers(magic):
    async with Conversation() as t:
        listener = await Listener(t, API, {**URL, "videoUrl": f"https://example.com/{magic}.mp4"}).settled()
        await t.advance(HOUR)
        assert not listener.over
        assert listener.status == 0
        await listener.leave()
        note = (await t.sandbox.journal())[0].note
        assert note == "the client went away before the first byte"
        assert (await credits(t))["reserved"] == 1


@pytest.mark.parametrize("magic", ["mock-fast", "mock-polls"])
async def test_a_plan_without_time_delays_nothing(magic):
    async with Conversation() as t:
        listener = await Listener(t, API, {**URL, "videoUrl": f"https://example.com/{magic}.mp4"}).settled()
        await t.advance(60)
        assert listener.complete
        plain = await Listener(t, API, URL).settled()
        await t.advance(60)
        assert listener.instants[0] == plain.instants[0], "the first piece comes as soon as without a plan"


async def test_a_dictated_text_may_speak_of_the_request():
    told = "${request.body.videoUrl} in ${request.body.locale} as ${job.id} at ${now}, ${request.body.nothing}"
    async with Conversation(ruled(stream={"text": told})) as t:
        text = answered(await t.post(API, {**URL, "locale": "fr"}))
        job = (await t.get("/_mock/jobs")).json()["jobs"][0]["id"]
        assert text == f"{URL['videoUrl']} in fr as {job} at 2025-06-01T12:00:00Z, "


async def test_the_latency_of_a_rule_comes_before_the_stream():
    async with Conversation({**ruled(fault={"kind": "latency", "for": "10s"}), "clock": {"mode": "manual"}}) as t:
        listener = await Listener(t, API, URL).settled()
        await t.advance(10)
        assert listener.status == 200
        assert listener.pieces == []
        await t.advance(0.6)
        assert listener.instants == [10_600]
        await t.advance(0.1)
        assert len(listener.pieces) <= 4, "time that has passed before is not made up for"
