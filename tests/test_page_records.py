"""What the page at /_mock/ shows of records: videos, bodies, findings, mistakes in files, tests and bundles."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from mockserver.settings import Settings
from tests.browser import Shown, at, browser, needs_chromium, shown, violations

__all__ = ["at", "browser"]  # fixtures are found by their names here
pytestmark = needs_chromium


def test_a_stream_is_shown_as_markdown_and_by_its_chunks(at: Shown) -> None:
    at.send("POST", "/clock", {"mode": "auto"})
    at.client.post(
        "/nanophoto/api/sora-2/reverse-prompt",
        json={"videoSource": "url", "videoUrl": "https://example.com/a.mp4", "locale": "en"},
    )
    entries = at.send("GET", "/journal?kind=request")["entries"]
    page = at.open(f"journal/{entries[0]['offset']}")
    expect(page.locator(".markdown th").first).to_be_visible()
    page.get_by_role("button", name="chunks").click()
    assert page.locator(".chunks li").count() > 10
    assert at.problems == []


def test_a_video_plays_in_the_entry_that_sent_it(at: Shown) -> None:
    video = at.complete_video()["video_url"]
    assert at.client.get(video).headers["content-type"] == "video/mp4"
    page = at.open("latest")
    player = page.get_by_label("The video of this reply")
    expect(player).to_be_visible()
    player.evaluate("(video) => { video.muted = true; return video.play() }")
    page.wait_for_function("document.querySelector('video').currentTime > 0")
    assert player.evaluate("(video) => [video.videoWidth, video.error]") == [640, None]


def test_binary_bodies_are_shown_as_hexadecimal_numbers(at: Shown) -> None:
    picture = at.complete_video()["thumbnail_url"]
    at.client.get(picture)
    page = at.open("latest")
    expect(page.get_by_label("Reply body")).to_contain_text("000000  89 50 4e 47 0d 0a 1a 0a 00 00")
    expect(page.get_by_label("Reply body")).to_contain_text(".PNG........IHDR")
    at.client.post("/videotoprompt/v1/analyze/url", content=b"\x00\xffHi<b>", headers={"content-type": "text/plain"})
    at.open("latest").get_by_role("tab", name="Request").click()
    expect(page.get_by_label("Request body")).to_contain_text("000000  00 ff 48 69 3c 62 3e")
    expect(page.get_by_label("Request body")).to_contain_text("..Hi<b>")


def test_a_finding_leads_to_its_requests_its_job_and_what_to_do(at: Shown) -> None:
    page = at.open("findings")
    expect(page.get_by_text("Nothing was observed yet")).to_be_visible()
    job = at.analyze()
    at.send("POST", "/clock", {"advance": "1s"})
    at.analyze()
    finding = page.get_by_role("article", name="resubmitted_instead_of_polled")
    expect(finding).to_contain_text(f"while the job {job} of #1 had not ended")
    expect(finding).to_contain_text("Instead: Keep the id of the job")
    expect(finding.locator(".basis")).to_contain_text("Each plan limits the analyses per day")
    expect(finding.locator(".time-line i")).to_have_count(2)
    expect(page.locator(".views .badge", has_text="errors and warnings")).to_contain_text("1")
    finding.locator(".message a", has_text="#1").click()
    expect(page.get_by_role("complementary")).to_contain_text("POST /v1/analyze/url")
    page.go_back()
    page.get_by_role("button", name="errors 0").click()
    expect(page.get_by_text("No finding matches.")).to_be_visible()
    page.get_by_role("button", name="All 1", exact=True).click()
    finding.get_by_role("link", name=job).click()
    page.locator(".lane.open .track-time .glyph.finding").click()
    assert page.url.endswith("#/findings?rule=resubmitted_instead_of_polled")


def test_clean_clients_have_no_finding(at: Shown) -> None:
    job = at.analyze()
    for _ in range(3):
        at.send("POST", "/clock", {"advance": "4s"})
        at.client.get(f"/videotoprompt/v1/analyze/{job}")
    page = at.open("findings")
    expect(page.get_by_role("heading", name="No finding")).to_be_visible()
    expect(page.get_by_text("4 requests, 1 job")).to_be_visible()


def test_a_broken_scenario_file_is_reported_until_it_is_mended(browser: Browser, tmp_path: Path) -> None:
    file, valid = tmp_path / "mine.yaml", "scenario: mine\nextends: default\n"
    file.write_text(valid)
    with shown(browser, settings=Settings(scenario=str(file)), own_scenario=False) as at:
        page = at.open()
        file.write_text(f"{valid}ruels: []\n<b>: 1\n")
        banner = page.get_by_role("alert")
        expect(banner).to_contain_text(f"{file}:3:1: unknown key 'ruels'")
        expect(banner).to_contain_text("and 1 more")
        at.send("POST", "/sandboxes", {"name": "other", "scenario": "tour"})
        assert at.analyze()
        banner.get_by_role("link", name="All mistakes").click()
        mistakes = page.get_by_role("list", name="Mistakes in the file")
        expect(mistakes.get_by_role("listitem")).to_have_count(2)
        expect(mistakes).to_contain_text(f"{file}:4:1")
        other = at.new_page()
        other.goto(f"{at.base}/~other/_mock/")
        other.wait_for_selector(".connection.live")
        expect(other.get_by_role("alert")).to_have_count(0)
        editor = page.get_by_label("Scenario in YAML")
        expect(editor).to_have_value(file.read_text())
        file.write_text(valid)
        expect(mistakes).to_have_count(0)
        expect(editor).to_have_value(valid)
        expect(page.get_by_text("are loaded at once")).to_be_visible()
        assert at.problems == []


def test_a_bundle_opens_read_only(at: Shown, tmp_path: Path) -> None:
    job = at.analyze()
    at.send("POST", "/clock", {"advance": "1s"})
    at.analyze()
    file = tmp_path / "run.mock.zip"
    file.write_bytes(at.client.get("/_mock/bundle").content)
    page = at.open()
    (tmp_path / "other.zip").write_bytes(b"nothing")
    page.get_by_label("Bundle", exact=True).set_input_files(tmp_path / "other.zip")
    expect(page.get_by_role("alert")).to_contain_text("The bundle is refused")
    at.problems.clear()  # the browser reports the 422
    page.get_by_label("Bundle", exact=True).set_input_files(file)
    expect(page.get_by_text("This is the bundle of default as it was recorded")).to_be_visible()
    expect(page.locator(".list .row.request")).to_have_count(2)
    expect(page.get_by_role("button", name="+1h")).to_be_disabled()
    expect(page.get_by_label("Clock mode")).to_be_disabled()
    page.get_by_role("link", name="Jobs").click()
    page.locator(".who", has_text=job).click()
    for name in ("Hold", "Force failure", "Advance until it ends"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    page.get_by_role("link", name="Accounts").click()
    expect(page.locator(".account")).to_contain_text("videotoprompt")
    page.get_by_role("link", name="Findings").click()
    expect(page.get_by_role("article", name="resubmitted_instead_of_polled")).to_be_visible()
    assert violations(page, "journal", "journal/1", f"jobs/{job}", "accounts") == []


def test_the_tests_of_a_run_are_listed_with_their_outcomes(at: Shown) -> None:
    for name, outcome in (("t1", "passed"), ("t2", "failed")):
        at.send("POST", "/sandboxes", {"name": name})
        sandbox = at.app.sandboxes.by_name[name]
        sandbox.title, sandbox.outcome = f"tests/test_app.py::test_{name}[<b>]", outcome
    at.analyze(headers={"X-Mock-Sandbox": "t2"})
    page = at.open()
    expect(page.get_by_role("heading", name="2 tests, 1 failed")).to_be_visible()
    tests = page.get_by_role("list", name="Tests").get_by_role("listitem")
    expect(tests).to_have_text(["failedtests/test_app.py::test_t2[<b>]", "passedtests/test_app.py::test_t1[<b>]"])
    assert violations(page, "journal") == []
    tests.first.get_by_role("link").click()
    page.wait_for_url("**/~t2/_mock/**")
    expect(page.locator(".list .row")).to_have_count(1)
    options = page.get_by_role("combobox", name="Sandbox").locator("option")
    expect(options.nth(2)).to_have_text("✗ tests/test_app.py::test_t2[<b>]")
    page.get_by_role("combobox", name="Sandbox").select_option("all tests")
    expect(page.get_by_role("heading", name="2 tests, 1 failed")).to_be_visible()
