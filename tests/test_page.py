"""The page at /_mock/, as a person uses it in a browser."""

import re
import subprocess
import sys
from urllib.parse import quote

from playwright.sync_api import Browser, expect

from mockserver.clock import monotonic
from mockserver.settings import Settings
from tests.browser import KEY, VIEWS, Shown, at, browser, needs_chromium, receiver, shown
from tests.payloads import PAYLOADS

__all__ = ["at", "browser"]  # fixtures are found by their names here
pytestmark = needs_chromium


def test_a_browser_that_opens_the_address_gets_the_page(at: Shown) -> None:
    at.page.goto(at.base)
    at.page.wait_for_selector(".connection.live")
    assert at.page.url.startswith(f"{at.base}/_mock/")
    expect(at.page.get_by_text("Waiting for the first request")).to_be_visible()
    assert at.client.get("/").status_code == 404


def test_a_request_appears_and_opens_with_everything_about_it(at: Shown) -> None:
    page = at.open()
    at.analyze()
    page.get_by_role("link", name="analyze_url").click()
    detail = page.get_by_role("complementary")
    expect(detail.get_by_text("POST /v1/analyze/url")).to_be_visible()
    expect(detail).to_contain_text('"status"')
    detail.get_by_role("tab", name="Request").click()
    expect(detail).to_contain_text("hike.mp4")
    expect(detail).not_to_contain_text(KEY)
    detail.get_by_role("tab", name="Why this rule").click()
    expect(detail).to_contain_text("No rule of the scenario matched")
    expect(detail.locator(".missed li").first).to_contain_text("input")
    detail.get_by_role("tab", name="Sources").click()
    expect(detail.locator(".badge.documented").first).to_be_visible()
    detail.get_by_role("tab", name="Copy as").click()
    for text in ("curl -X POST", "import httpx", "await fetch(", "rules:"):
        expect(detail).to_contain_text(text)


def test_the_copied_rule_answers_the_same_request_with_the_same_error(at: Shown) -> None:
    page = at.open()
    at.send("POST", "/faults", {"fault": {"kind": "rate_limited"}})
    at.analyze()
    page.get_by_role("link", name="analyze_url").click()
    page.get_by_role("tab", name="Why this rule").click()
    expect(page.get_by_text("The armed fault rate_limited answered, before any rule.")).to_be_visible()
    page.get_by_role("tab", name="Copy as").click()
    page.get_by_role("button", name="Edit this rule in a scenario").click()
    expect(page.locator(".outcome", has_text="valid, ")).to_be_visible()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".scenario-name")).to_contain_text("from-entry")
    reply = at.client.post("/videotoprompt/v1/analyze/url", json={"url": "https://example.com/hike.mp4"})
    assert reply.status_code == 429
    assert at.client.post("/videotoprompt/v1/analyze/url", json={"url": "https://example.com/x.mp4"}).status_code == 202


def test_the_filter_is_in_the_address(at: Shown) -> None:
    at.analyze()
    at.client.get("/videotoprompt/v1/nothing")
    page = at.open()
    page.get_by_role("searchbox").fill("status:404 -op:analyze")
    expect(page.locator(".list .row")).to_have_count(1)
    assert "q=status" in page.url
    other = at.new_page()
    other.goto(page.url)
    expect(other.locator(".list .row")).to_have_count(1)
    page.get_by_role("searchbox").fill("state:404")
    expect(page.get_by_text("There is no field state")).to_be_visible()


def test_keys_move_through_the_entries_but_not_while_typing(at: Shown) -> None:
    at.analyze()
    at.client.get("/videotoprompt/v1/nothing")
    page = at.open()
    expect(page.locator(".list .row")).to_have_count(2)
    page.keyboard.press("j")
    expect(page.locator(".row.selected")).to_contain_text("nothing")
    page.keyboard.press("j")
    expect(page.locator(".row.selected")).to_contain_text("analyze_url")
    page.keyboard.press("k")
    expect(page.locator(".row.selected")).to_contain_text("nothing")
    page.keyboard.press("/")
    page.keyboard.type("j?1")
    expect(page.get_by_role("searchbox")).to_have_value("j?1")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Keyboard shortcuts")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.get_by_role("region", name="Jobs")).to_be_visible()


def test_the_title_counts_failures_and_latest_opens_the_newest_entry(at: Shown) -> None:
    at.client.get("/videotoprompt/v1/nothing")
    page = at.open()
    expect(page).to_have_title("(1) mockserver")
    assert (page.get_attribute("#icon", "href") or "").startswith("data:image/svg+xml")
    page.goto(f"{at.base}/_mock/latest")
    expect(page.get_by_role("complementary")).to_contain_text("GET /v1/nothing")


def test_the_next_request_fails_and_the_one_after_passes(at: Shown) -> None:
    page = at.open("faults")
    page.get_by_label("Fault", exact=True).select_option("overloaded")
    page.get_by_role("button", name="Arm the fault").click()
    expect(page.locator(".badge", has_text="armed faults")).to_contain_text("1")
    url = {"url": "https://example.com/a.mp4"}
    assert [at.client.post("/videotoprompt/v1/analyze/url", json=url).status_code for _ in range(2)] == [503, 202]
    page.get_by_label("Everything").check()
    page.get_by_role("button", name="Clear everything").click()
    page.get_by_role("link", name="Journal").first.click()
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()


def test_the_next_request_like_an_entry_is_made_to_fail_with_three_clicks(at: Shown) -> None:
    at.analyze()
    page = at.open()
    page.get_by_role("link", name="analyze_url").click()
    page.get_by_role("link", name="Make the next one fail").click()
    expect(page.get_by_label("Operation", exact=True)).to_have_value("videotoprompt.analyze_url")
    page.get_by_role("button", name="Arm the fault").click()
    expect(page.get_by_text("1 more request")).to_be_visible()
    page.get_by_role("button", name="any").click()
    expect(page.get_by_label("Operation", exact=True)).to_have_value("*")
    assert at.send("GET", "/faults")["faults"][0]["operation"] == "videotoprompt.analyze_url"


def test_a_scenario_is_found_used_and_edited_with_its_mistakes_at_their_lines(at: Shown) -> None:
    page = at.open("scenario")
    page.get_by_role("searchbox").fill("videotoprompt 429")
    page.get_by_role("searchbox").fill("videotoprompt-outage")
    page.get_by_role("button", name="Use").click()
    expect(page.locator(".scenario-name")).to_have_text("videotoprompt-outage")
    page.get_by_role("button", name="Edit").first.click()
    editor = page.get_by_label("Scenario in YAML")
    expect(editor).to_have_value(text := at.client.get("/_mock/scenarios/videotoprompt-outage").text)
    editor.fill(text + "\nruels: []\n")
    expect(page.locator(".mistakes")).to_contain_text("rules")
    expect(page.locator(".gutter .mistake")).to_have_text(str(text.count("\n") + 2))
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    editor.fill("scenario: mine\nextends: default\n")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".scenario-name")).to_have_text("mine")


def test_an_account_shows_its_limits_and_a_ledger_that_sums_and_can_be_changed(browser: Browser) -> None:
    with shown(browser, {"accounts": [{"key": "*", "credits": 100}]}) as at:
        at.client.post("/prompttovideo/api/v1/generate", json={"prompt": "A lighthouse", "duration": 5})
        page = at.open("accounts")
        card = page.locator(".account")
        expect(card.get_by_role("meter").first).to_be_visible()
        card.get_by_text("Ledger").click()
        balance = card.locator(".balance").inner_text().split()[0]
        assert card.locator("tfoot .right").inner_text() == balance
        card.get_by_role("button", name="Change").click()
        card.get_by_label("Credits").fill("7")
        card.get_by_role("button", name="Save").click()
        expect(card.locator(".balance")).to_contain_text("7")
        expect(card.locator("tfoot .right")).to_have_text("7")
        assert KEY not in page.content()
        assert at.problems == []


def test_a_webhook_is_shown_replayed_elsewhere_and_verified_by_the_programs(browser: Browser) -> None:
    with receiver() as first, receiver() as second:
        account = {"key": "*", "plan": "pro", "webhook": {"url": first}}
        with shown(browser, {"accounts": [account]}) as at:
            at.analyze()
            at.send("POST", "/clock", {"advance": "1m"})
            page = at.open("webhooks")
            page.locator(".deliveries a").click()
            detail = page.get_by_role("complementary")
            expect(detail).to_contain_text("analysis.completed")
            delivery = at.send("GET", "/deliveries")["deliveries"][0]["id"]
            programs = at.send("GET", f"/deliveries/{delivery}/verification")
            expect(detail.get_by_label("Program that verifies the signature")).to_contain_text("hmac.compare_digest")
            for command in (
                [sys.executable, "-c", programs["python"]],
                ["node", "--input-type=module", "-e", programs["node"]],
            ):
                assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "valid\n"
            detail.get_by_label("to another receiver").fill(second)
            detail.get_by_role("button", name="Replay").click()
            expect(detail.locator(".attempts")).to_contain_text(second)
            assert at.problems == []


def test_the_page_says_why_a_webhook_has_not_arrived(browser: Browser) -> None:
    account = {"key": "*", "plan": "pro", "webhook": {"url": "http://127.0.0.1:1/hooks"}}
    accounts = [{"key": "*without*", "plan": "pro"}, account]
    with shown(browser, {"accounts": accounts}) as at:
        job = at.analyze()
        other = at.analyze(headers={"Authorization": "Bearer key-without-receiver"})
        at.send("POST", "/clock", {"advance": "10s"})
        page = at.open("webhooks")
        row = page.locator(".deliveries a")
        expect(row).to_contain_text("retrying")
        expect(row).to_contain_text("Connection refused; next attempt at")
        page.get_by_role("button", name="Delivered").click()
        expect(page.get_by_text("No webhook matches.")).to_be_visible()
        page.get_by_role("button", name="Show all 1").click()
        page.get_by_role("searchbox").fill(job)
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        expect(page.get_by_role("complementary").get_by_role("status")).to_contain_text("Connection refused")
        at.send("POST", "/clock", {"advance": "7d"})
        expect(row).to_contain_text(re.compile("Given up after [0-9]+ attempts: .*Connection refused"))
        at.open(f"jobs/{job}")
        expect(page.locator(".job")).to_contain_text("analysis.completed attempt")
        at.open(f"jobs/{other}")
        expect(page.locator(".job")).to_contain_text("none: the account has no receiver")
        assert at.problems == []


def test_a_view_that_failed_to_load_is_loaded_when_the_server_is_back(at: Shown) -> None:
    at.analyze()
    page = at.open()
    page.get_by_role("button", name="Pause").click()
    at.context.route("**/_mock/**", lambda route: route.abort())
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("link", name="Accounts").click()
    expect(page.get_by_text("The server cannot be reached")).to_be_visible()
    expect(page.locator(".connection")).not_to_have_text("Live")
    at.context.unroute_all()
    expect(page.locator(".account")).to_be_visible()
    expect(page.get_by_text("The server cannot be reached")).to_have_count(0)
    at.problems.clear()  # the browser reports the requests that failed


def test_a_hidden_tab_gives_its_connection_back_and_still_counts_failures(at: Shown) -> None:
    page = at.page
    page.clock.install()
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.isHidden === true })")
    at.open()

    def show(*, hidden: bool) -> None:
        page.evaluate(f"isHidden = {str(hidden).lower()}; document.dispatchEvent(new Event('visibilitychange'))")

    def listeners(count: int) -> None:
        until = monotonic() + 10
        while at.app.sandboxes.feed.listeners != count:
            assert monotonic() < until

    listeners(1)
    show(hidden=True)
    page.clock.run_for(10_500)
    listeners(0)
    at.client.get("/videotoprompt/v1/nothing")
    page.clock.run_for(5_200)
    expect(page).to_have_title("(1) mockserver")
    page.clock.run_for(1_500)
    listeners(0)
    expect(page.locator(".connection")).to_have_text("Live")
    show(hidden=False)
    listeners(1)


def test_a_lost_connection_continues_where_it_was(at: Shown) -> None:
    page = at.open()
    at.analyze()
    expect(page.locator(".list .row")).to_have_count(1)
    at.context.set_offline(True)
    page.get_by_role("button", name="Pause").click()
    for n in range(5):
        at.client.get(f"/videotoprompt/v1/nothing-{n}")
    at.context.set_offline(False)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".list .row")).to_have_count(6)
    expect(page.get_by_text("6 of 6")).to_be_visible()


def test_two_sandboxes_are_shown_at_once(at: Shown) -> None:
    at.send("POST", "/sandboxes", {"name": "other"})
    page, other = at.open(), at.new_page()
    other.goto(f"{at.base}/~other/_mock/")
    other.wait_for_selector(".connection.live")
    at.analyze(headers={"X-Mock-Sandbox": "other"})
    expect(other.locator(".list .row")).to_have_count(1)
    expect(page.get_by_text("Waiting for the first request")).to_be_visible()
    page.get_by_role("combobox", name="Sandbox").focus()
    page.get_by_role("combobox", name="Sandbox").select_option("other")
    page.wait_for_url("**/~other/_mock/**")
    at.send("DELETE", "/sandboxes/other")
    expect(page.get_by_text("This sandbox was deleted.")).to_be_visible()
    expect(page.locator(".list .row")).to_have_count(1)
    at.problems.clear()  # the browser reports the 404


def test_the_token_is_asked_for_once(browser: Browser) -> None:
    with shown(browser, settings=Settings(token="a-secret-token")) as at:
        page = at.page
        page.goto(f"{at.base}/_mock/")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Unlock").click()
        expect(page.get_by_text("That is not the token")).to_be_visible()
        page.get_by_label("Token").fill("a-secret-token")
        page.get_by_role("button", name="Unlock").click()
        page.wait_for_selector(".connection.live")
        page.reload()
        page.wait_for_selector(".connection.live")


# Opens each view, and each tab of an entry. Returns the views that contain elements or attributes that run code.
_MARKUP_IN_VIEWS = """async (views) => {
  const tags = "main :is(script,link,style,meta,iframe,object,embed,base,svg,form:not(.clock form))";
  const attributes = "main :is([onerror],[onload],[onclick],[href^=javascript])";
  const found = new Set();
  const look = (view) => { if (document.querySelector(`${tags}, ${attributes}`)) found.add(view); };
  const drawn = () => new Promise((done) => setTimeout(() => setTimeout(done)));
  const loaded = (path) => performance.getEntriesByType("resource").some((each) => each.name.endsWith(path));
  performance.setResourceTimingBufferSize(2000);
  for (const view of views) {
    location.hash = `#/${view}`;
    await drawn();
    while (view.startsWith("journal/") && !loaded(`/${view}`)) await drawn();
    await drawn();
    for (const each of document.querySelectorAll("main details")) each.open = true;
    look(view);
    const tabs = view.startsWith("journal/") ? document.querySelectorAll(".detail [role=tab]") : [];
    if (view.startsWith("journal/") && !tabs.length) found.add(`${view} has no tabs`);
    for (const tab of tabs) {
      tab.click();
      await drawn();
      look(`${view} ${tab.textContent}`);
    }
  }
  return [...found];
}"""


def test_what_clients_send_is_shown_as_text(browser: Browser) -> None:
    assert len(set(PAYLOADS)) == 60
    with receiver(PAYLOADS[4]) as hooks, shown(browser) as at:
        for n, payload in enumerate(PAYLOADS):
            safe = payload.encode("ascii", "replace").decode().replace("\n", " ").replace("\t", " ")
            at.client.post(
                "/videotoprompt/v1/analyze/url",
                json={"url": f"https://e.com/{payload}", payload: payload},
                headers={"X-Note": safe},
            )
            at.client.get("/videotoprompt/v1/x", params={"q": payload})
            at.client.get(f"/videotoprompt/v1/{quote(payload, safe='')}")
            if n % 10 == 0:
                at.send(
                    "POST",
                    "/faults",
                    {"operation": "nanophoto.*", "fault": {"kind": "server_error", "message": payload}},
                )
        rule = {
            "name": PAYLOADS[0],
            "operation": "*",
            "reply": {"x": PAYLOADS[1]},
            "when": {"header.y": {"equals": PAYLOADS[2]}},
        }
        account = {"key": "*", "plan": "pro", "webhook": {"url": f"{hooks}?{quote(PAYLOADS[5])}"}}
        scenario = {"scenario": "markup", "description": PAYLOADS[6], "extends": "default", "rules": [rule]}
        at.send("PUT", "/scenario", {**scenario, "accounts": [account]})
        at.client.post("/videotoprompt/v1/analyze/url", json={"url": "https://e.com/x"}, headers={"y": PAYLOADS[2]})
        job = at.send("GET", "/jobs")["jobs"][0]["id"]
        at.send("POST", f"/jobs/{job}", {"status": "failed", "error": PAYLOADS[3]})
        delivery = at.send("GET", f"/deliveries?wait=5s&job={job}")["deliveries"][0]
        assert delivery["attempts"][0]["reply"] == PAYLOADS[4]
        at.page.add_init_script("window.alert = () => { window.attacked = true }")
        offsets = [entry["offset"] for entry in at.send("GET", "/journal?limit=500")["entries"]]
        page = at.open("findings")
        page.wait_for_selector(".finding")
        views = [*VIEWS, f"jobs/{job}", f"webhooks/{delivery['id']}", *(f"journal/{offset}" for offset in offsets[::5])]
        assert page.evaluate(_MARKUP_IN_VIEWS, views) == []
        assert not page.evaluate("Boolean(window.attacked)")
        assert at.problems == []
