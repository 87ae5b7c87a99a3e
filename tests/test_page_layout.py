"""The page at /_mock/ on large and small screens, light and dark, and for screen readers."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mockserver.settings import Settings
from tests.browser import VIEWS, browser, needs_chromium, receiver, shown, violations

__all__ = ["browser"]  # fixtures are found by their names here
pytestmark = needs_chromium
_CURRENT_IS_VISIBLE = """() => {
  const { left, right } = document.querySelector(".views [aria-current]").getBoundingClientRect();
  return left >= 0 && right <= innerWidth;
}"""
_TOO_WIDE = """() => ["html", "main"].map((name) => document.querySelector(name))
  .map((part) => part.scrollWidth - part.clientWidth).concat(scrollX)"""


def test_long_names_and_text_from_right_to_left_fit_on_a_narrow_screen(browser: Browser) -> None:
    rule = {"name": "القاعدة ذات الاسم العربي " * 6, "operation": "videotoprompt.analyze_url"}
    account = {"key": "*", "plan": "pro", "webhook": {"url": f"http://127.0.0.1:1/{'hooks-' * 30}"}}
    name = "a-scenario-with-a-very-long-name-that-fills-the-whole-line-of-it"
    with shown(browser, {"scenario": name, "rules": [rule], "accounts": [account]}) as at:
        job = at.analyze(f"https://example.com/{'x' * 300}.mp4?title=\u202eفيديو")
        at.client.get(f"/videotoprompt/v1/{'a-long-segment/' * 12}")
        at.send("POST", "/clock", {"advance": "1m"})
        delivery = at.send("GET", "/deliveries")["deliveries"][0]["id"]
        at.send("POST", "/faults", {"fault": {"kind": "overloaded"}})
        at.page.set_viewport_size({"width": 390, "height": 800})
        page = at.open()
        for view in (*VIEWS, "journal/1", "journal/2", f"jobs/{job}", f"webhooks/{delivery}"):
            page.evaluate("(view) => { location.hash = `#/${view}` }", view)
            page.wait_for_selector("main > :not(h1) *", state="attached")
            page.wait_for_function(_CURRENT_IS_VISIBLE)
            assert page.evaluate(_TOO_WIDE) == [0, 0, 0], view


def test_every_view_is_accessible(browser: Browser) -> None:
    with receiver() as hooks:
        account = {"key": "*", "plan": "pro", "credits": 100, "webhook": {"url": hooks}}
        with shown(browser, {"accounts": [account]}) as at:
            job = at.analyze()
            at.analyze()
            at.client.get("/videotoprompt/v1/nothing")
            at.send("POST", "/clock", {"advance": "1m"})
            at.send("POST", "/faults", {"fault": {"kind": "overloaded"}})
            delivery = at.send("GET", "/deliveries")["deliveries"][0]["id"]
            at.open()
            assert violations(at.page, *VIEWS, "journal/1", f"jobs/{job}", f"webhooks/{delivery}") == []


@pytest.mark.slow
def test_the_mistakes_of_a_scenario_file_are_accessible(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("scenario: mine\nextends: default\n")
    with shown(browser, settings=Settings(scenario=str(file)), own_scenario=False) as at:
        page = at.open("jobs")
        file.write_text("scenario: mine\nruels: []\n")
        page.wait_for_selector(".broken")
        assert violations(page, "jobs", "scenario") == []
