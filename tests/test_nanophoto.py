"""NanoPhoto as an integrator meets it. Names in brackets are rows of FACTS section 3."""

import pytest

from mockserver.content import locales
from tests.conversation import Conversation
from tests.listener import Listener
from tests.nanophoto_client import API, AUTO, FILE, URL, YOUTUBE, answered, credits, refused, rows, ruled

HOUR = 3_600


@pytest.mark.parametrize("asked", [YOUTUBE, URL, FILE], ids=["youtube", "url", "file"])
def test_every_source_is_analysed(talk, asked):
    """FACTS 3: videoSource, stream."""

    async def story(t: Conversation) -> None:
        text = answered(await t.post(API, asked))
        assert text.startswith("## ")
        assert [row[0] for row in rows(text)] == [str(n + 1) for n in range(len(rows(text)))]
        assert all(len(row) == 6 and all(row) for row in rows(text))
        assert len(rows(text)) >= 3
        assert text.count("\n## ") >= 1, "a summary follows the table"

    talk(story, scenario=AUTO)


def test_the_host_alone_is_address_enough(talk):
    """FACTS 3: Host."""

    async def story(t: Conversation) -> None:
        answered(await t.post("/api/sora-2/reverse-prompt", URL, headers={"Host": "nanophoto.ai"}))
        answered(await t.post("/api/sora-2/reverse-prompt", URL))

    talk(story, scenario=AUTO)


@pytest.mark.parametrize("locale", locales.CODES)
def test_the_text_is_in_the_language_asked_for(talk, locale):
    """FACTS 3: locale, stream (written in the requested locale)."""

    async def story(t: Conversation) -> None:
        forms = locales.locale(locale).shots
        text = answered(await t.post(API, {**URL, "locale": locale}))
        assert f"## {forms.heading}\n" in text
        assert f"## {forms.summary_heading}\n" in text

    talk(story, scenario=AUTO)


def test_without_a_locale_the_text_is_english(talk):
    """FACTS 3: locale (default en)."""

    async def story(t: Conversation) -> None:
        assert answered(await t.post(API, URL)) == answered(await t.post(API, {**URL, "locale": "en"}))

    talk(story, scenario=AUTO)


@pytest.mark.parametrize("locale", ["xx", "EN", "zh-CN", "", None, 5])
def test_another_locale_is_refused(talk, locale):
    """FACTS 3: locale (unknown)."""

    async def story(t: Conversation) -> None:
        assert "locale" in refused(await t.post(API, {**URL, "locale": locale}), "INVALID_INPUT")

    talk(story, scenario=AUTO)


def test_the_same_video_is_told_in_the_same_words(talk):
    """FACTS 3: stream."""

    async def story(t: Conversation) -> None:
        first = answered(await t.post(API, YOUTUBE))
        await t.post(API, URL)
        again = {**YOUTUBE, "videoUrl": "https://youtu.be/W-15-UmGP5s"}
        assert answered(await t.post(API, again)) == first
        assert answered(await t.post(API, {**YOUTUBE, "videoUrl": "https://youtu.be/W-15-other"})) != first

    talk(story, scenario=AUTO)


def test_the_durations_of_the_shots_add_up_to_the_uploaded_video(talk):
    """FACTS 3: file; the length is read from the file."""

    async def story(t: Conversation) -> None:
        seconds = [float(row[5].removesuffix(" s")) for row in rows(answered(await t.post(API, FILE)))]
        assert sum(seconds) == pytest.approx(12.3)

    talk(story, scenario=AUTO)


def test_the_head_comes_at_once_and_the_text_word_by_word(talk):
    """FACTS 3: stream (chunked)."""

    async def story(t: Conversation) -> None:
        listener = await Listener(t, API, URL).settled()
        assert listener.status == 200
        assert listener.headers["content-type"] == "text/plain; charset=utf-8"
        assert "content-length" not in listener.headers
        await t.advance(0.6)
        assert listener.heard == [(600, b"## ")]
        await t.advance(120)
        assert listener.complete
        gaps = [b - a for a, b in zip(listener.instants, listener.instants[1:], strict=False)]
        assert min(gaps) >= 30
        assert max(gaps) <= 50
        assert len(listener.heard) > 100

    talk(story)


# Keys, limits and credits.


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic a2V5", "key-1", "Bearer invalid-key"])
def test_a_missing_or_wrong_key(talk, header):
    """FACTS 3: auth."""

    async def story(t: Conversation) -> None:
        refused(await t.post(API, URL, headers={"Authorization": header}), "LOGIN_REQUIRED")
        refused(await t.post(API, content=b"{", headers={"Authorization": header}), "LOGIN_REQUIRED")

    talk(story, scenario=AUTO)


@pytest.mark.parametrize("plan", ["free", "starter", "basic", "pro", "enterprise"])
def test_a_key_has_100_requests_an_hour(talk, plan):
    """FACTS 3: limit."""

    async def story(t: Conversation) -> None:
        for _ in range(100):
            refused(await t.post(API, {}), "INVALID_INPUT")
        refused(await t.post(API, {}), "API_KEY_RATE_LIMIT_EXCEEDED")
        refused(await t.post(API, {}, headers={"Authorization": "Bearer key-2"}), "INVALID_INPUT")
        await t.advance(HOUR - 1)
        refused(await t.post(API, {}), "API_KEY_RATE_LIMIT_EXCEEDED")
        await t.advance(1)
        refused(await t.post(API, {}), "INVALID_INPUT")

    talk(story, scenario={"accounts": [{"key": "*", "plan": plan}]})


def test_a_credit_is_set_aside_at_the_start_and_charged_at_the_end(talk):
    """FACTS 3: credits."""

    async def story(t: Conversation) -> None:
        before = (await credits(t))["credits"]
        listener = await Listener(t, API, URL).settled()
        during = await credits(t)
        assert (during["credits"], during["reserved"]) == (before - 1, 1)
        await t.advance(120)
        assert listener.complete
        after = await credits(t)
        assert (after["credits"], after["reserved"]) == (before - 1, 0)
        assert after["kinds"] == ["opening", "reserve", "capture"]

    talk(story)


def test_without_credits_nothing_starts(talk):
    """FACTS 3: credits (402)."""

    async def story(t: Conversation) -> None:
        answered(await t.post(API, URL))
        refused(await t.post(API, URL), "INSUFFICIENT_CREDITS")
        # What is wrong with a request is found first.
        refused(await t.post(API, {}), "INVALID_INPUT")

    talk(story, scenario={**AUTO, "accounts": [{"key": "*", "credits": 1.5}]})


def test_refused_requests_cost_nothing(talk):
    """FACTS 3: credits."""

    async def story(t: Conversation) -> None:
        before = await credits(t)
        refused(await t.post(API, {}), "INVALID_INPUT")
        refused(await t.post(API, {**URL, "videoUrl": "https://example.com/mock-ai-error.mp4"}), "AI_SERVICE_ERROR")
        assert (await credits(t))["credits"] == before["credits"]

    talk(story, scenario=AUTO)


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"fault": {"kind": "nanophoto: AI_SERVICE_ERROR", "phase": "after_commit"}}, "AI_SERVICE_ERROR"),
        ({"fault": {"kind": "server_error", "phase": "after_commit"}}, "INTERNAL_ERROR"),
        ({"plan": "fails"}, "VIDEO_PROCESSING_FAILED"),
        ({"plan": "never-starts"}, "VIDEO_PROCESSING_FAILED"),
    ],
)
def test_a_failed_analysis_gives_its_credit_back(talk, rule, code):
    """FACTS 3: credits (given back when the analysis fails)."""

    async def story(t: Conversation) -> None:
        refused(await t.post(API, URL), code)
        after = await credits(t)
        assert after["kinds"] == ["opening", "reserve", "release"]
        assert (after["credits"], after["reserved"]) == (1_000_000, 0)

    talk(story, scenario=ruled(**rule))


@pytest.mark.parametrize("kind", ["truncate", "reset", "stall"])
def test_a_stream_that_breaks_off_gives_its_credit_back(talk, kind):
    """FACTS 3: credits, after the first byte."""

    async def story(t: Conversation) -> None:
        listener = await Listener(t, API, URL).settled()
        await t.advance(120)
        assert listener.body
        assert not listener.complete
        assert listener.over == (kind != "stall")
        assert (await credits(t))["kinds"] == ["opening", "reserve", "release"]
        if kind == "stall":
            await listener.leave()
        assert listener.broken == (kind != "stall")

    talk(story, scenario={**ruled(stream={"fault": {"kind": kind, "at": "60%"}}), "clock": {"mode": "manual"}})


@pytest.mark.parametrize(
    "fault", [{"kind": "garble"}, {"kind": "slow_drip", "rate": 500}, {"kind": "stall", "for": "1m"}]
)
def test_a_stream_that_is_spoilt_but_whole_is_paid_for(talk, fault):
    """FACTS 3: credits, after the first byte."""

    async def story(t: Conversation) -> None:
        listener = await Listener(t, API, URL).settled()
        await t.advance(300)
        assert listener.complete
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]

    talk(story, scenario={**ruled(stream={"fault": fault}), "clock": {"mode": "manual"}})


def test_a_client_that_goes_away_pays_for_the_work(talk):
    """FACTS 3: credits; that the work is paid for is assumed."""

    async def story(t: Conversation) -> None:
        listener = await Listener(t, API, URL).settled()
        await t.advance(1)
        await listener.leave()
        assert (await credits(t))["reserved"] == 1
        await t.advance(120)
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]

    talk(story)


def test_an_analysis_is_a_job_that_the_control_api_shows(talk):
    """FACTS 3: stream."""

    async def story(t: Conversation) -> None:
        await Listener(t, API, URL).settled()
        await t.advance(5)
        (job,) = (await t.get("/_mock/jobs")).json()["jobs"]
        assert (job["operation"], job["status"]) == ("nanophoto.reverse_prompt", "running")
        assert 0 < job["progress"] < 100
        await t.advance(120)
        (job,) = (await t.get("/_mock/jobs")).json()["jobs"]
        assert job["status"] == "succeeded"

    talk(story)


# Plans and texts that a scenario gives.


def test_a_plan_is_followed_before_the_first_byte(talk):
    """FACTS 3: stream; plans are neutral."""

    async def story(t: Conversation) -> None:
        listener = await Listener(t, API, {**URL, "videoUrl": "https://example.com/mock-slow.mp4"}).settled()
        await t.advance(599)
        assert listener.status == 0
        await t.advance(1)
        assert (listener.status, listener.heard) == (200, [])
        await t.advance(0.6)
        assert listener.instants == [600_600]
        await t.advance(120)
        assert listener.complete
        assert (await credits(t))["kinds"] == ["opening", "reserve", "capture"]

    talk(story)


@pytest.mark.parametrize("magic", ["mock-stuck", "mock-stuck-queued", "mock-held"])
def test_work_that_is_stuck_never_answers(talk, magic):
    async def story(t: Conversation) -> None:
        listener = await Listener(t, API, {**URL, "videoUrl": f"https://example.com/{magic}.mp4"}).settled()
        await t.advance(HOUR)
        assert not listener.over
        assert listener.status == 0
        await listener.leave()
        note = (await t.sandbox.journal())[0].note
        assert note == "the client went away before the first byte"
        assert (await credits(t))["reserved"] == 1

    talk(story)


@pytest.mark.parametrize("magic", ["mock-fast", "mock-polls"])
def test_a_plan_without_time_changes_nothing(talk, magic):
    async def story(t: Conversation) -> None:
        answered(await t.post(API, {**URL, "videoUrl": f"https://example.com/{magic}.mp4"}))

    talk(story, scenario=AUTO)


def test_a_dictated_text_may_speak_of_the_request(talk):
    async def story(t: Conversation) -> None:
        text = answered(await t.post(API, {**URL, "locale": "fr"}))
        job = (await t.get("/_mock/jobs")).json()["jobs"][0]["id"]
        assert text == f"{URL['videoUrl']} in fr as {job} at 2025-06-01T12:00:00Z, "

    told = "${request.body.videoUrl} in ${request.body.locale} as ${job.id} at ${now}, ${request.body.nothing}"
    talk(story, scenario=ruled(stream={"text": told}))


def test_a_dictated_text_has_a_bound_whatever_it_repeats(talk):
    async def story(t: Conversation) -> None:
        asked = {**URL, "videoFileName": "n" * 1_000}
        text = answered(await t.post(API, asked))
        assert 1_000_000 <= len(text) <= 1_000_000 + 5_000

    told = "${request.body.videoFileName} " * 5_000
    talk(story, scenario=ruled(stream={"text": told, "pace": {"every": "0s", "first": "0s"}}))


def test_the_latency_of_a_rule_comes_before_the_stream(talk):
    async def story(t: Conversation) -> None:
        listener = await Listener(t, API, URL).settled()
        await t.advance(10)
        assert listener.status == 200
        assert listener.heard == []
        await t.advance(0.6)
        assert listener.instants == [10_600]
        await t.advance(0.1)
        assert len(listener.heard) <= 4, "time that has passed before is not made up for"

    talk(story, scenario={**ruled(fault={"kind": "latency", "for": "10s"}), "clock": {"mode": "manual"}})
