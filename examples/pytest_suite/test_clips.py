"""The tests of the application. Install mockserver, pytest and requests, and run `pytest`."""

import pytest
from clips import Clips, RenderError


@pytest.fixture
def clips(mockserver, monkeypatch):
    """The application, with environment variables that point to the sandbox of the test."""
    for name, value in mockserver.env("prompttovideo").items():
        monkeypatch.setenv(name, value)
    return Clips(poll=0)


def test_a_clip_is_rendered_and_charged(clips, mockserver):
    mockserver.account("prompttovideo").credits = 10
    assert clips.render("A sunset over the ocean")[4:8] == b"ftyp"
    assert mockserver.account("prompttovideo").credits == 7


def test_a_clip_without_credits(clips, mockserver):
    mockserver.account("prompttovideo").credits = 2
    with pytest.raises(RenderError, match="Insufficient credits"):
        clips.render("A sunset over the ocean")
    assert len(mockserver.jobs) == 0


def test_a_render_that_fails(clips):
    with pytest.raises(RenderError, match="Video generation failed"):
        clips.render("A sunset, mock-fail")


def test_an_overloaded_service_is_retried(clips, mockserver):
    mockserver.fault("prompttovideo.get_status", "overloaded", times=2)
    mockserver.expect("prompttovideo.generate", times=1)
    mockserver.expect("prompttovideo.get_status", times=3)
    assert clips.render("A sunset over the ocean")


def test_a_lost_reply_is_not_paid_twice(clips, mockserver):
    mockserver.fault("prompttovideo.generate", "reset", phase="after_commit")
    with pytest.raises(RenderError, match="no answer"):
        clips.render("A sunset over the ocean")
    assert len(mockserver.jobs) == 1


def test_a_broken_link_is_an_error(clips, mockserver):
    broken = {"video_url": mockserver.url("prompttovideo", "/gone.mp4")}
    mockserver.use({"rules": [{"name": "gone", "operation": "prompttovideo.get_status", "reply": broken}]})
    with pytest.raises(RenderError, match="404"):
        clips.render("A sunset over the ocean")


@pytest.mark.mockserver(clock="manual")
def test_a_slow_render_is_polled_until_it_ends(clips, mockserver, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", lambda _: waits.append(mockserver.clock.advance("30s")))
    clips.render("A sunset, mock-slow")
    assert len(waits) == 20
