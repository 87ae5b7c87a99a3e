"""The control API in conversation."""

from typing import Any

from mockserver.providers.registry import all_providers
from tests.conversation import Conversation
from tests.declared import request, with_example

URL = {"url": "https://example.com/a.mp4"}


async def submit(c: Conversation, url: str = "https://example.com/a.mp4") -> str:
    return str((await c.post("/v1/analyze/url", {"url": url})).json()["id"])


async def told(c: Conversation, path: str) -> Any:
    reply = await c.get(f"/_mock{path}")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def test_health_and_readiness() -> None:
    async with Conversation() as c:
        assert await told(c, "/health") == {"status": "ok"}
        ready = await told(c, "/ready")
        assert ready["status"] == "ready"
        assert "videotoprompt" in ready["providers"]


async def test_a_sandbox_comes_with_its_urls_and_a_key_for_each_provider() -> None:
    async with Conversation() as c:
        made = (
            await c.post("/_mock/sandboxes", {"name": "ci-1", "scenario": "videotoprompt-outage", "seed": 7})
        ).json()
        assert made["name"] == "ci-1"
        assert made["seed"] == 7
        assert made["urls"]["videotoprompt"] == "http://mock.test/~ci-1/videotoprompt/v1"
        key = made["keys"]["videotoprompt"]
        reply = await c.post("/v1/analyze/url", URL, headers={"Authorization": f"Bearer {key}"})
        assert reply.status_code == 503
        assert (await c.post("/_mock/sandboxes", {"name": "ci-1"})).status_code == 409
        assert {s["name"] for s in (await told(c, "/sandboxes"))["sandboxes"]} == {"default", "ci-1"}
        assert (await c.client.delete("/_mock/sandboxes/ci-1")).status_code == 204
        assert (await c.client.delete("/_mock/sandboxes/ci-1")).status_code == 404
        assert (await c.client.delete("/_mock/sandboxes/default")).status_code == 409


async def test_the_urls_of_a_sandbox_are_the_base_urls_that_clients_use() -> None:
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as c:
        await c.post("/_mock/sandboxes", {"name": "ci-1"})
        for sandbox in (await told(c, "/sandboxes"))["sandboxes"]:
            for provider in all_providers():
                base, operation = sandbox["urls"][provider.name], with_example(provider)[0]
                call = request(provider, operation) | {"url": base + operation.path.removeprefix(provider.base_path)}
                assert (await c.client.request(**call)).is_success, call["url"]
            assert sandbox["control"] == sandbox["urls"]["nanophoto"].replace("nanophoto", "_mock")


async def test_sandboxes_without_a_name_get_one() -> None:
    async with Conversation() as c:
        names = [(await c.post("/_mock/sandboxes", {})).json()["name"] for _ in range(3)]
        assert len(set(names)) == 3


async def test_the_scenario_is_switched_by_name_or_uploaded() -> None:
    async with Conversation() as c:
        assert (await c.client.put("/_mock/scenario", json={"name": "videotoprompt-outage"})).status_code == 200
        assert (await c.post("/v1/analyze/url", URL)).status_code == 503
        text = b"scenario: mine\nextends: default\nrules:\n  - {name: no, operation: '*', fault: {kind: forbidden}}\n"
        uploaded = await c.client.put("/_mock/scenario", content=text, headers={"Content-Type": "application/yaml"})
        assert uploaded.json()["scenario"] == "mine"
        assert (await c.post("/v1/analyze/url", URL)).status_code == 403
        assert (await c.client.put("/_mock/scenario", json={"scenario": "empty"})).status_code == 200
        assert (await told(c, "/scenario"))["scenario"] == "empty"
        assert (await c.post("/v1/analyze/url", URL)).status_code == 202


async def test_nothing_is_kept_of_the_plans_of_scenarios_that_are_left() -> None:
    async with Conversation() as c:
        for name in ("first", "second", "third"):
            rule = {"name": "all", "operation": "videotoprompt.*", "plan": name}
            told = {"scenario": name, "plans": {name: {"steps": [{"status": "succeeded"}]}}, "rules": [rule]}
            assert (await c.client.put("/_mock/scenario", json={**told, "extends": "default"})).status_code == 200
            await submit(c)
            assert list(c.sandbox._plans) == [name]


async def test_a_bad_scenario_is_refused_with_every_mistake_and_changes_nothing() -> None:
    async with Conversation() as c:
        text = b"scenario: mine\nrules:\n  - name: x\n    operaton: '*'\n    fault: {kind: explode}\n"
        refused = await c.client.put("/_mock/scenario", content=text, headers={"Content-Type": "application/yaml"})
        assert refused.status_code == 422
        assert refused.json()["errors"][0].startswith("upload:4:5: unknown key 'operaton'")
        named = await c.client.put("/_mock/scenario", json={"name": "videotoprompt-outrage"})
        assert named.status_code == 404
        assert "videotoprompt-outage" in named.json()["detail"]
        for path in ("../../etc/passwd", "/etc/passwd", "x.yaml"):
            assert (await c.client.put("/_mock/scenario", json={"name": path})).status_code == 422
        assert (await c.post("/v1/analyze/url", URL)).status_code == 202


async def test_the_clock_moves_by_a_duration_to_an_event_and_until_a_job_has_ended() -> None:
    async with Conversation() as c:
        job = await submit(c)
        moved = (await c.post("/_mock/clock", {"to": "next"})).json()
        assert (moved["now"], moved["events"]) == ("2025-06-01T12:00:02Z", 1)
        assert (await told(c, f"/jobs/{job}"))["status"] == "running"
        await c.post("/_mock/clock", {"until": {"job": job}})
        assert (await told(c, f"/jobs/{job}"))["status"] == "succeeded"
        before = (await told(c, "/clock"))["milliseconds"]
        after = (await c.post("/_mock/clock", {"advance": "1m30s"})).json()
        assert after["milliseconds"] - before == 90_000
        assert after["next_event"] is None
        for wrong in ({}, {"advance": "soon"}, {"advance": "1s", "to": "next"}, {"mode": "sideways"}, {"speed": 2}):
            assert (await c.post("/_mock/clock", wrong)).status_code == 422


async def test_until_a_job_that_time_does_not_end_is_a_conflict() -> None:
    async with Conversation() as c:
        job = await submit(c, "https://example.com/mock-held.mp4")
        reply = await c.post("/_mock/clock", {"until": {"job": job}})
        assert reply.status_code == 409
        assert "held" in reply.json()["detail"]


async def test_the_mode_of_the_clock_changes_and_time_goes_on_from_where_it_was() -> None:
    async with Conversation() as c:
        scaled = (await c.post("/_mock/clock", {"mode": "scaled", "speed": 3600})).json()
        assert (scaled["mode"], scaled["speed"]) == ("scaled", 3600)
        assert scaled["milliseconds"] >= 1_748_779_200_000
        assert (await c.post("/_mock/clock", {"mode": "manual"})).json()["speed"] == 0


async def test_an_auto_clock_runs_a_job_to_its_end_by_itself() -> None:
    async with Conversation() as c:
        await c.post("/_mock/clock", {"mode": "auto"})
        job = await submit(c)
        await c.sandbox.courier.settled()
        assert (await c.get(f"/v1/analyze/{job}")).json()["status"] == "completed"


async def test_a_job_is_forced_forward_and_never_back() -> None:
    async with Conversation() as c:
        job = await submit(c)
        forced = await c.post(f"/_mock/jobs/{job}", {"status": "failed", "error": "because"})
        assert forced.json()["status"] == "failed"
        assert (await c.get(f"/v1/analyze/{job}")).json()["error"] == "because"
        again = await c.post(f"/_mock/jobs/{job}", {"status": "running"})
        assert again.status_code == 409
        assert (await c.post("/_mock/jobs/none", {"status": "failed"})).status_code == 404
        assert (await c.post(f"/_mock/jobs/{job}", {"status": "done"})).status_code == 422


async def test_a_held_job_goes_on_when_released() -> None:
    async with Conversation() as c:
        job = await submit(c, "https://example.com/mock-held.mp4")
        await c.advance(86_400)
        seen = [(await told(c, f"/jobs/{job}"))["status"]]
        for _ in range(2):
            await c.post(f"/_mock/jobs/{job}", {"release": True})
            seen.append((await told(c, f"/jobs/{job}"))["status"])
        assert seen == ["queued", "running", "succeeded"]
        assert (await c.post(f"/_mock/jobs/{job}", {"release": True})).status_code == 409


async def test_jobs_are_listed_newest_first_and_filtered() -> None:
    async with Conversation() as c:
        first, second = await submit(c), await submit(c, "https://example.com/mock-fail.mp4")
        assert [j["id"] for j in (await told(c, "/jobs"))["jobs"]] == [second, first]
        await c.advance(60)
        assert [j["id"] for j in (await told(c, "/jobs?status=failed"))["jobs"]] == [second]
        assert [j["id"] for j in (await told(c, "/jobs?limit=1"))["jobs"]] == [second]
        assert (await c.get("/_mock/jobs?limit=none")).status_code == 400
        misspelt = await c.get("/_mock/jobs?stauts=failed")
        assert (misspelt.status_code, misspelt.json()["detail"]) == (
            400, "There is no query parameter 'stauts' here; did you mean 'status'?"
        )  # fmt: skip
        assert (await c.client.delete("/_mock/coverage?sandox=default")).status_code == 400


async def test_an_account_changes_from_one_request_to_the_next() -> None:
    async with Conversation() as c:
        path = "/_mock/accounts/key-1?provider=videotoprompt"
        change = {"plan": "free", "limits": {"requests_per_minute": 1}, "webhook": {"url": "http://127.0.0.1:9/hook"}}
        changed = (await c.client.patch(path, json=change)).json()["accounts"][0]
        assert (changed["plan"], changed["limits"]["requests_per_minute"]) == ("free", 1)
        assert [(await c.post("/v1/analyze/url", URL)).status_code for _ in range(2)] == [202, 429]
        await c.advance(60)
        assert len(c.receivers.calls) == 1
        await c.client.patch(path, json={"webhook": None})
        assert (await c.get(path)).json()["accounts"][0]["webhook"] is None
        for wrong in ({"plan": "gold"}, {"limits": {"nothing": 1}}, {"credits": -1}, {"plans": "pro"}):
            assert (await c.client.patch(path, json=wrong)).status_code == 422
        hook = {"url": "http://127.0.0.1:9000/hook"}
        unknown = await c.client.patch(path, json={"webhook": {**hook, "events": ["analysis.complted"]}})
        assert "did you mean 'analysis.completed'?" in unknown.text
        no_url = await c.client.patch(path, json={"webhook": {"url": "hook"}})
        assert "expected a URL such as https://example.com/hook, got 'hook'" in no_url.text


async def test_an_armed_fault_strikes_once_before_any_rule() -> None:
    async with Conversation() as c:
        armed = {"operation": "videotoprompt.analyze_url", "times": 2, "fault": {"kind": "server_error"}}
        assert (await c.post("/_mock/faults", armed)).status_code == 201
        assert len((await told(c, "/faults"))["faults"]) == 1
        assert (await c.get("/v1/analyze/ana_x")).status_code == 404, "another operation is not struck"
        assert [(await c.post("/v1/analyze/url", URL)).status_code for _ in range(3)] == [500, 500, 202]
        assert (await told(c, "/faults"))["faults"] == []
        await c.post("/_mock/faults", armed)
        assert (await c.client.delete("/_mock/faults")).status_code == 204
        assert (await c.post("/v1/analyze/url", URL)).status_code == 202
        for wrong in ({**armed, "operation": "nobody.nothing"}, {**armed, "fault": {"kind": "explode"}}):
            assert (await c.post("/_mock/faults", wrong)).status_code == 422


async def test_armed_faults_strike_in_the_order_in_which_they_were_armed() -> None:
    async with Conversation() as c:
        for kind, times in (("server_error", 2), ("overloaded", 1)):
            armed = {"operation": "videotoprompt.*", "times": times, "fault": {"kind": kind}}
            assert (await c.post("/_mock/faults", armed)).status_code == 201
        assert [(await c.post("/v1/analyze/url", URL)).status_code for _ in range(4)] == [500, 500, 503, 202]


async def test_the_journal_says_which_rule_matched_and_why_the_others_did_not() -> None:
    async with Conversation() as c:
        job = await submit(c, "https://example.com/mock-slow.mp4")
        entry = (await told(c, "/journal?operation=videotoprompt.analyze_url"))["entries"][0]
        assert (entry["rule"], entry["status"], entry["job"]) == ("magic mock-slow", 202, job)
        assert {"rule": "magic mock-fast", "failed": "input contains 'mock-fast'"} in entry["missed"]
        assert entry["request"]["body"] == '{"url":"https://example.com/mock-slow.mp4"}'
        assert "key-1" not in str(entry)
        await c.advance(3600)
        kinds = [e["kind"] for e in (await told(c, f"/journal?job={job}"))["entries"]]
        assert kinds == ["transition", "transition", "request"]
        assert (await told(c, "/journal?status=404"))["entries"] == []


async def test_the_journal_lists_moves_of_the_clock_apart_from_switches_of_the_scenario() -> None:
    async with Conversation() as c:

        async def notes(kind: str) -> list[str]:
            return [entry["note"] for entry in (await told(c, f"/journal?kind={kind}"))["entries"]]

        assert (await c.client.put("/_mock/scenario", json={"scenario": "slow-clock"})).status_code == 200
        assert await notes("clock") == [], "nobody has moved it"
        assert await notes("control") == ["switched to the scenario slow-clock"]
        await c.post("/_mock/clock", {"advance": "10s"})
        assert await notes("clock") == ["the clock is at 2025-06-01T12:00:10Z, manual"]


async def test_reset_forgets_just_what_it_is_told_to() -> None:
    async with Conversation() as c:

        async def counts() -> tuple[int, int, int]:
            return (
                len((await told(c, "/journal"))["entries"]),
                (await told(c, "/jobs"))["total"],
                len((await told(c, "/faults"))["faults"]),
            )

        await submit(c)
        await c.post("/_mock/faults", {"fault": {"kind": "server_error"}, "operation": "videotoprompt.get_batch"})
        # The journal notes the fault and what is cleared, except that the journal itself was.
        assert await counts() == (2, 1, 1)
        for what, left in (("faults", (3, 1, 0)), ("journal", (0, 1, 0)), ("jobs", (1, 0, 0))):
            assert (await c.post("/_mock/reset", {"what": what})).status_code == 204
            assert await counts() == left
        await submit(c)
        assert (await c.post("/_mock/reset", {})).status_code == 204
        assert await counts() == (0, 0, 0)
        assert (await c.post("/_mock/reset", {"what": "everything"})).status_code == 422


async def test_counters_are_reset_by_themselves() -> None:
    async with Conversation({"extends": "videotoprompt-free-plan"}) as c:
        assert [(await c.post("/v1/analyze/url", URL)).status_code for _ in range(6)][-1] == 429
        await c.post("/_mock/reset", {"what": "counters"})
        assert (await c.post("/v1/analyze/url", URL)).status_code == 202
        assert (await told(c, "/jobs"))["total"] == 6


async def test_errors_of_the_control_api_are_problem_details() -> None:
    async with Conversation() as c:
        json_type = {"Content-Type": "application/json"}
        cases = [
            (await c.get("/_mock/nothing"), 404),
            (await c.client.delete("/_mock/clock"), 405),
            (await c.client.post("/_mock/clock", content=b"{", headers=json_type), 400),
            (await c.client.post("/_mock/clock", content=b"{}", headers={"Content-Type": "text/plain"}), 415),
            (await c.post("/_mock/clock", {"advanced": "1s"}), 422),
            (await c.client.post("/_mock/clock", content=b" " * 1_048_577, headers=json_type), 413),
        ]
        for reply, status in cases:
            assert reply.status_code == status
            assert reply.headers["content-type"] == "application/problem+json"
            assert reply.json()["detail"]
        assert "'advance'" in cases[4][0].json()["detail"]


async def test_web_pages_of_others_are_kept_out() -> None:
    async with Conversation() as c:
        for headers in (
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Host": "evil.example"},
        ):
            assert (await c.get("/_mock/journal", headers=headers)).status_code == 403
        assert (await c.get("/_mock/journal", headers={"Origin": "http://mock.test"})).status_code == 200
