"""The jobs on the page at /_mock/: their lanes, what can be done with them, and the clock that moves them."""

import re

from playwright.sync_api import Browser, expect

from tests.browser import Shown, at, browser, needs_chromium, shown

__all__ = ["at", "browser"]  # fixtures are found by their names here
pytestmark = needs_chromium


def test_a_lane_shows_the_life_of_a_job_which_can_be_held_released_and_forced(at: Shown) -> None:
    job = at.analyze()
    page = at.open(f"jobs/{job}")
    lane = page.locator(".lane")
    expect(lane.locator(".segment.queued").first).to_be_visible()
    lane.get_by_role("button", name="Hold").click()
    expect(lane.locator(".state")).to_contain_text("held: queued")
    expect(lane.get_by_text("curl", exact=True)).to_be_visible()
    at.send("POST", "/clock", {"advance": "1h"})
    lane.get_by_role("button", name="Release").click()
    expect(lane.locator(".state")).to_contain_text("running")
    lane.get_by_role("button", name="Force failure").click()
    expect(lane.locator(".state")).to_contain_text("failed")
    assert at.send("GET", f"/jobs/{job}")["status"] == "failed"


def test_polls_charges_and_faults_are_on_the_lane(browser: Browser) -> None:
    with shown(browser, {"accounts": [{"key": "*", "credits": 100}]}) as at:
        job = at.client.post("/prompttovideo/api/v1/generate", json={"prompt": "A lighthouse"}).json()["video_id"]
        at.send("POST", "/clock", {"advance": "2s"})
        at.client.get(f"/prompttovideo/api/v1/video/{job}/status")
        at.send("POST", "/faults", {"operation": "prompttovideo.*", "fault": {"kind": "overloaded"}})
        at.client.get(f"/prompttovideo/api/v1/video/{job}/status")
        page = at.open(f"jobs/{job}")
        for kind in ("submit", "poll", "charge", "fault"):
            expect(page.locator(f".track-time .glyph.{kind}")).to_have_count(1)
        page.get_by_role("link", name="Journal of this job").click()
        expect(page.locator(".list .row.failed")).to_contain_text("armed fault")
        assert at.problems == []


def test_all_jobs_can_be_scrolled_to_and_found(at: Shown) -> None:
    first = at.analyze()
    at.send("POST", "/clock", {"advance": "2h"})
    for n in range(101):
        at.analyze(f"https://example.com/{n}.mp4")
    page = at.open("jobs")
    expect(page.get_by_text("These are the newest 100 of 102 jobs.")).to_be_visible()
    lanes, axis = page.locator(".lane"), page.locator(".axis")
    expect(lanes).to_have_count(100)
    lanes.last.scroll_into_view_if_needed()
    expect(lanes.last).to_be_in_viewport()
    expect(axis).to_be_in_viewport()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".lane").nth(1)).to_have_class(re.compile("open"))
    lanes.nth(90).locator("a.who").click()
    expect(lanes.nth(90).get_by_role("button", name="Hold")).to_be_in_viewport()
    expect(lanes).to_have_count(100)
    page.get_by_role("searchbox").fill(first)
    expect(page.locator(".lane.open .endpoint.succeeded")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Follow now")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("searchbox").fill("other")
    expect(page.get_by_text("No job has the id other.")).to_be_visible()


def test_polls_that_are_close_together_are_one_mark(at: Shown) -> None:
    job = at.analyze()
    at.send("POST", "/clock", {"advance": "1s"})
    for _ in range(150):
        at.client.get(f"/videotoprompt/v1/analyze/{job}")
    page = at.open(f"jobs/{job}")
    poll = page.locator(".track-time .glyph.poll")
    expect(poll).to_have_count(1)
    expect(page.get_by_role("group", name="Zoom")).to_contain_text("1 min")
    expect(poll).to_have_attribute("title", re.compile("150 times, last: get_analysis 200"))
    expect(page.locator(".story li")).to_have_count(100)
    expect(page.get_by_text(re.compile("[0-9]+ earlier"))).to_be_visible()


def test_the_clock_moves_by_buttons_by_typing_and_by_dragging(at: Shown) -> None:
    job = at.analyze()
    page = at.open("jobs")
    began = at.send("GET", "/clock")["milliseconds"]

    def passed(least: int) -> None:
        page.wait_for_function(
            "([least]) => fetch('/_mock/clock').then((r) => r.json()).then((c) => c.milliseconds >= least)",
            arg=[began + least],
        )

    page.get_by_role("button", name="+1m").click()
    passed(60_000)
    expect(page.locator(".state")).to_contain_text("succeeded")
    page.get_by_label("Advance by", exact=True).fill("90s")
    page.keyboard.press("Enter")
    passed(150_000)
    handle = page.locator(".now")
    box = handle.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 5, steps=4)
    page.mouse.up()
    passed(151_000)
    page.get_by_label("Clock mode").select_option("auto")
    expect(page.get_by_label("Clock mode")).to_have_value("auto")
    assert at.send("GET", "/clock")["mode"] == "auto"
    assert job
