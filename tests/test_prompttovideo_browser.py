"""PromptToVideo's own JavaScript sample in a browser, on a page of another site (FACTS section 2, browsers)."""

from mockserver.app import create_app
from tests.browser import CHROMIUM, chromium, needs_chromium, shown
from tests.live import live_server

# The functions of the provider's page, with the base URL as an argument.
SAMPLE = """async ([base, quality]) => {
    const headers = {"Authorization": "Bearer test-key", "Content-Type": "application/json"};
    const made = await fetch(`${base}/api/v1/generate`, {
        method: "POST", headers, body: JSON.stringify({prompt: "A beautiful sunset over the ocean", quality}),
    });
    const {video_id} = await made.json();
    const poll = async () => (await fetch(`${base}/api/v1/video/${video_id}/status`, {headers})).json();
    let status = await poll();
    while (status.status !== "completed") status = await poll();
    return status;
}"""
PLAYED = """([video, thumbnail]) => new Promise((resolve, reject) => {
    const player = document.createElement("video"), picture = new Image();
    player.muted = true;
    player.onerror = () => reject(player.error.message);
    player.onloadeddata = async () => {
        picture.src = thumbnail;
        await picture.decode();
        await player.play();
        player.currentTime = player.duration / 2;
        player.onseeked = () => resolve(
            [player.videoWidth, player.videoHeight, player.duration, picture.naturalWidth, picture.naturalHeight]);
    };
    player.src = video;
})"""


@needs_chromium
def test_the_sample_of_the_page_runs_and_its_video_plays() -> None:
    assert CHROMIUM is not None
    scenario = {"clock": {"mode": "scaled", "speed": 1000}}
    with chromium() as browser, shown(browser, scenario) as server, live_server(create_app()) as site:
        for quality, size in (("free", [640, 360]), ("premium", [1920, 1080])):
            server.page.goto(f"{site}/dumplingai/")  # the page's own policy allows all
            status = server.page.evaluate(SAMPLE, [f"{server.base}/prompttovideo", quality])
            assert (status["status"], status["duration"]) == ("completed", 30)
            links = [status["video_url"], status["thumbnail_url"]]
            assert server.page.evaluate(PLAYED, links) == [*size, 30, 320, 180]
        failed = [problem for problem in server.problems if "404" not in problem]  # the page itself is a 404
        assert failed == []
