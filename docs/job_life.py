"""Makes the picture of the life of a job, docs/images/job-life.svg, from a run against the sandbox.

python docs/job_life.py            or: make docs

The program submits a job to Descrideo, and polls it every two seconds until it has ended. Its receiver of webhooks
refuses the first attempt. The clock stands still between requests, so the picture is the same in every run.
"""

import json
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from mockserver import MockServer

PICTURE = Path(__file__).parent / "images" / "job-life.svg"
POLL_EVERY = 2_000
WIDTH, LEFT, RIGHT = 1000, 130, 30
LANES = {"Your program": 92, "Job": 172, "Tokens": 252, "Webhook": 322}
HEIGHT, AXIS = 392, 366
STYLE = """
  text { font: 12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; fill: #171a21; }
  .lane { font-weight: 650; } .soft { fill: #565d6b; font-size: 11px; } .title { font-size: 15px; font-weight: 650; }
  .on { fill: #fff; font-size: 10px; font-weight: 600; } .end { text-anchor: end; } .middle { text-anchor: middle; }
  .line { stroke: #dfe2e8; } .link { stroke: #98a1b2; stroke-dasharray: 3 3; fill: none; }
"""
COLOURS = {"queued": "#667085", "running": "#4f46e5", "succeeded": "#15803d", "failed": "#b3123c"}


class Event(NamedTuple):
    """Something that happened: the milliseconds since the start, its kind, and a text."""

    at: int
    kind: str
    text: str


class Life(NamedTuple):
    """The life of a job: what happened, and its steps as (stage, status, from, until)."""

    events: list[Event]
    steps: list[tuple[str, str, int, int]]


class Receiver:
    """An ASGI application that refuses the first webhook, and accepts the others."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a webhook."""
        self.calls += 1
        await send({"type": "http.response.start", "status": 500 if self.calls == 1 else 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def run() -> Life:
    """Submit a job, poll it until its webhook has arrived, and return what the control API says about it."""
    with MockServer(clock="manual") as mock:
        # Not a receiver on a port of its own: the job depends on the request, and so on the URL.
        receiver = Receiver()
        address, headers = f"{mock.url('descrideo')}/video-descriptions", {"X-API-Key": mock.key("descrideo")}
        video = {"type": "direct_url", "url": "https://example.com/mountain-hike.mp4"}
        body = {"source": video, "frames": 20, "webhook": {"url": mock.webhook_app(receiver)}}
        job = _send(address, headers, body)["job_id"]
        while True:
            mock.clock.advance(f"{POLL_EVERY}ms")
            if _send(f"{address}/{job}", headers)["status"] == "succeeded":
                break
        while mock.clock.next is not None and receiver.calls < 2:
            mock.clock.to_next()
        return _read(mock.url("descrideo").partition("/descrideo")[0] + "/_mock")


def _send(url: str, headers: dict[str, str] | None = None, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    more = {} if data is None else {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, {**(headers or {}), **more})) as reply:
        return json.load(reply)


def _read(control: str) -> Life:
    [job] = _send(f"{control}/jobs")["jobs"]
    start = job["created"]
    events = []
    for listed in reversed(_send(f"{control}/journal?limit=100")["entries"]):
        entry = _send(f"{control}/journal/{listed['offset']}")
        at = entry["milliseconds"] - start
        if entry["kind"] == "request":
            kind = "submit" if entry["method"] == "POST" else "poll"
            reported = json.loads(entry["reply"]["body"])["status"]
            events.append(Event(at, kind, f"{entry['method']} {entry['status']}" if kind == "submit" else reported))
        elif entry["kind"] == "delivery":
            events.append(Event(at, "attempt", str(entry["status"])))
    [account] = _send(f"{control}/accounts")["accounts"]
    for change in account["ledger"]:
        if change["reference"] == job["id"]:
            texts = {"reserve": f"{-change['amount']:g} reserved", "capture": "charged", "release": "released"}
            events.append(Event(change["milliseconds"] - start, change["kind"], texts[change["kind"]]))
    steps = [
        (each["stage"] or each["status"], each["status"], each["at"] - start, (each["until"] or each["at"]) - start)
        for each in job["steps"]
    ]
    return Life(events, steps)


def picture(life: Life) -> str:
    """Return the picture as SVG."""
    last = max([event.at for event in life.events] + [until for *_, until in life.steps])
    scale = _Scale(last)
    shapes = [
        *_frame(scale, last),
        *_job(life, scale),
        *(shape for event in life.events for shape in _event(event, scale)),
        *_links(life, scale),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">\n'
        "<title id='t'>The life of a job, from submit to webhook</title>\n"
        f"<desc id='d'>{escape(_described(life))}</desc>\n"
        f"<style>{STYLE}</style>\n<rect width='{WIDTH}' height='{HEIGHT}' rx='10' fill='#fff'/>\n"
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


class _Scale:
    """From milliseconds to the x axis."""

    def __init__(self, last: int) -> None:
        self._last = last * 1.12

    def __call__(self, at: float) -> float:
        return round(LEFT + at / self._last * (WIDTH - LEFT - RIGHT), 1)


def _described(life: Life) -> str:
    names = {"attempt": "webhook answered with", "poll": "poll reports", "submit": "submit"}
    parts = sorted((event.at, f"{names.get(event.kind, 'tokens')} {event.text}") for event in life.events)
    return "; ".join(f"{at / 1000:g} s: {text}" for at, text in parts)


def _frame(scale: _Scale, last: int) -> Iterator[str]:
    yield "<text x='20' y='32' class='title'>One job of Descrideo, from submit to webhook</text>"
    for name, y in LANES.items():
        yield f"<text x='20' y='{y + 4}' class='lane'>{name}</text>"
        yield f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y}' y2='{y}' class='line'/>"
    step = 1_000 if last < 12_000 else 2_000
    for at in range(0, last + 1, step):
        yield f"<line x1='{scale(at)}' x2='{scale(at)}' y1='{AXIS - 12}' y2='{AXIS - 6}' class='line'/>"
        yield f"<text x='{scale(at)}' y='{AXIS + 8}' class='soft middle'>{at // 1000} s</text>"


def _job(life: Life, scale: _Scale) -> Iterator[str]:
    y = LANES["Job"]
    for stage, status, start, until in life.steps:
        if status in ("succeeded", "failed"):
            yield f"<circle cx='{scale(start)}' cy='{y}' r='7' fill='{COLOURS[status]}'/>"
            yield f"<text x='{scale(start) + 14}' y='{y + 4}'>{stage}</text>"
            continue
        width = round(scale(until) - scale(start) - 1.5, 1)
        yield f"<rect x='{scale(start)}' y='{y - 12}' width='{width}' height='24' rx='4' fill='{COLOURS[status]}'/>"
        name = stage.replace("_", " ")
        if width > 7 * len(name):
            yield f"<text x='{round(scale(start) + width / 2 - 2, 1)}' y='{y + 4}' class='on middle'>{name}</text>"
        else:
            yield f"<text x='{round(scale(start) + width / 2, 1)}' y='{y + 26}' class='soft middle'>{name}</text>"


def _event(event: Event, scale: _Scale) -> Iterator[str]:
    x, text = scale(event.at), escape(event.text.replace("_", " "))
    if event.kind in ("submit", "poll"):
        y = LANES["Your program"]
        colour = "#4f46e5" if event.kind == "submit" else "#565d6b"
        yield f"<circle cx='{x}' cy='{y}' r='{7 if event.kind == 'submit' else 5}' fill='{colour}'/>"
        yield f"<text x='{x}' y='{y - 26}' class='middle'>{'submit' if event.kind == 'submit' else 'poll'}</text>"
        yield f"<text x='{x}' y='{y - 12}' class='soft middle'>{text}</text>"
    elif event.kind == "attempt":
        y = LANES["Webhook"]
        accepted = event.text.startswith("2")
        colour = COLOURS["succeeded" if accepted else "failed"]
        yield f"<path d='M{x} {y - 8} l8 8 l-8 8 l-8 -8 z' fill='{colour}'/>"
        yield f"<text x='{x + 13}' y='{y - 6}'>{'accepted' if accepted else 'refused'}</text>"
        yield f"<text x='{x + 13}' y='{y + 15}' class='soft'>{text}</text>"
    else:
        y = LANES["Tokens"]
        yield f"<circle cx='{x}' cy='{y}' r='6' fill='#b45309'/>"
        yield f"<text x='{x + 12}' y='{y - 6}'>{text}</text>"


def _links(life: Life, scale: _Scale) -> Iterator[str]:
    """What causes what: the submit creates the job, polls look at it, and its end charges and sends the webhook."""
    for event in life.events:
        if event.kind in ("submit", "poll"):
            x = scale(event.at)
            yield f"<line x1='{x}' x2='{x}' y1='{LANES['Your program'] + 8}' y2='{LANES['Job'] - 13}' class='link'/>"
    attempts = [event for event in life.events if event.kind == "attempt"]
    x = scale(life.steps[-1][2])
    yield f"<line x1='{x}' x2='{x}' y1='{LANES['Job'] + 10}' y2='{LANES['Tokens'] - 7}' class='link'/>"
    yield f"<line x1='{x}' x2='{x}' y1='{LANES['Tokens'] + 7}' y2='{LANES['Webhook'] - 9}' class='link'/>"
    for first, second in pairwise(attempts):
        middle, pause = (scale(first.at) + scale(second.at)) / 2, (second.at - first.at) / 1000
        yield f"<text x='{middle}' y='{LANES['Webhook'] + 15}' class='soft middle'>again after {pause:g} s</text>"


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(picture(run()), "utf-8")


if __name__ == "__main__":
    main()
