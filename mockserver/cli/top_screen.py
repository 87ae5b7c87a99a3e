"""The screen of `mockserver top`: what a sandbox does now, as lines of text. It only formats."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from mockserver.cli.traffic import WINDOW, OperationTraffic
from mockserver.serving.log_texts import one_line

_BOLD, _DIM, _RED, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"
_BAR = 12
# A terminal with fewer columns has shorter lines.
_WIDE = 110
# Lines of the head, and of each section apart from its rows: a title and an empty line.
_HEAD, _FRAME = 3, 2
_ENDED = ("succeeded", "failed", "cancelled")


class Snapshot(NamedTuple):
    """What is shown: replies of the control API, and the traffic. `problem` says that the data is old."""

    base: str
    sandbox: str
    clock: dict[str, Any]
    state: dict[str, Any]
    jobs: dict[str, Any]
    accounts: dict[str, Any]
    deliveries: dict[str, Any]
    traffic: Sequence[OperationTraffic]
    problem: str = ""


class _Line(NamedTuple):
    text: str
    style: str = ""


def screen(snapshot: Snapshot, columns: int, rows: int | None = None, *, colour: bool = False) -> list[str]:
    """Return the lines of the screen, none longer than `columns`. With `rows`, at most so many lines."""
    is_wide = columns >= _WIDE
    sections = [
        _jobs(snapshot, wide=is_wide),
        _requests(snapshot),
        _limits(snapshot, wide=is_wide),
        _deliveries(snapshot, wide=is_wide),
    ]
    counts = _shares([len(lines) for _, lines in sections], None if rows is None else rows - _HEAD)
    shown = _head(snapshot)
    for (title, lines), count in zip(sections, counts, strict=True):
        more = f"  ({len(lines) - count} more)" if count < len(lines) else ""
        shown += [_Line(title + more, _BOLD), *lines[:count], _Line("")]
    return [_styled(line, columns, colour=colour) for line in shown[:rows]]


def _styled(line: _Line, columns: int, *, colour: bool) -> str:
    text = line.text.rstrip()
    text = text if len(text) <= columns else text[: max(0, columns - 3)] + "..."
    return f"{line.style}{text}{_RESET}" if colour and line.style and text else text


def _shares(wanted: Sequence[int], rows: int | None) -> list[int]:
    """Return how many lines each section gets, one after the other until there is no room."""
    if rows is None:
        return list(wanted)
    room, counts = rows - _FRAME * len(wanted), [0] * len(wanted)
    while room > 0 and any(count < most for count, most in zip(counts, wanted, strict=True)):
        for n, most in enumerate(wanted):
            if counts[n] < most and room > 0:
                counts[n] += 1
                room -= 1
    return counts


def _head(shown: Snapshot) -> list[_Line]:
    clock, following = shown.clock, shown.clock.get("next_event")
    speed = f" x{clock['speed']:g}" if clock["mode"] == "scaled" else ""
    due = f"next event in {duration(following['in_ms'])}" if following else "no event is due"
    faults = shown.state.get("faults", 0)
    armed = f"   {faults} armed fault{'s' if faults != 1 else ''}" if faults else ""
    return [
        _Line(
            f"mockserver   {shown.base}   sandbox {shown.sandbox}   scenario {shown.state.get('scenario', '?')}", _BOLD
        ),
        _Line(f"clock {clock['mode']}{speed}   {clock['now']}   {due}{armed}"),
        _Line(shown.problem, _RED),
    ]


def _jobs(shown: Snapshot, *, wide: bool) -> tuple[str, list[_Line]]:
    jobs = shown.jobs["jobs"]
    counts = Counter(job["status"] for job in jobs)
    order = ("queued", "running", *_ENDED)
    parts = "   ".join(f"{counts[status]} {status}" for status in order if counts[status])
    newest = f" (the newest {len(jobs)})" if len(jobs) < shown.jobs["total"] else ""
    # Those that go on come first.
    rows = sorted(jobs, key=lambda job: (job["status"] in _ENDED, -job["created"]))
    now = shown.clock["milliseconds"]
    return f"JOBS {shown.jobs['total']}   {parts}{newest}", [_job(job, now, wide=wide) for job in rows]


def _job(job: dict[str, Any], now: int, *, wide: bool) -> _Line:
    ended = job["status"] in _ENDED
    state = ("held: " if job["held"] else "") + (job["stage"] or job["status"])
    if job["progress"] is not None and not ended:
        state += f" {job['progress']}%"
    last = job["steps"][-1]["at"] if job["steps"] and ended else now
    took = duration(max(0, last - job["created"]))
    operation = f"{job['operation']:<38}" if wide else f"{job['operation'].rpartition('.')[2]:<22}"
    text = f"  {job['id']:<24} {operation} {state:<18} {took:>8}"
    return _Line(one_line(text), _RED if job["status"] == "failed" else _DIM if ended else "")


def _requests(shown: Snapshot) -> tuple[str, list[_Line]]:
    rate = sum(each.rate for each in shown.traffic)
    heads = f"{'a second':>10} {'total':>8} {'failed':>8}   last"
    lines = [
        _Line(
            one_line(
                f"  {each.name:<38} {each.rate:>10.1f} {each.total:>8} {each.failed:>8}   {each.last_status or '---'}"
            )
        )
        for each in shown.traffic
    ]
    title = f"REQUESTS {rate:.1f} a second ({WINDOW} s)"
    return f"{title:<40} {heads}", lines


def _limits(shown: Snapshot, *, wide: bool) -> tuple[str, list[_Line]]:
    now = shown.clock["milliseconds"]
    rows = []
    for account in shown.accounts["accounts"]:
        who = f"{account['provider']} {account['key']}"
        for usage in account["usage"]:
            share = usage["used"] / usage["allowed"] if usage["allowed"] else float(usage["allowed"] == 0)
            rows.append((share, _limit(who, usage, share, now, wide=wide)))
        if account["credits"] is not None:
            held = f"   {account['reserved']:g} reserved" if account["reserved"] else ""
            rows.append((float(account["credits"] <= 0), _Line(f"  {who:<32} credits {account['credits']:g}{held}")))
    rows.sort(key=lambda row: -row[0])
    return "LIMITS AND CREDITS, the fullest first", [line for _, line in rows]


def _limit(who: str, usage: dict[str, Any], share: float, now: int, *, wide: bool) -> _Line:
    filled = min(_BAR, round(share * _BAR))
    allowed = "unlimited" if usage["allowed"] is None else usage["allowed"]
    refill = f"refills in {duration(max(0, usage['resets_at'] - now))}" if usage["used"] else ""
    bar = f"[{'#' * filled}{'.' * (_BAR - filled)}] " if wide else ""
    text = f"  {who:<32} {usage['name']:<20} {bar}{usage['used']:g} / {allowed}   {refill}"
    return _Line(one_line(text), _RED if share >= 1 else "")


def _deliveries(shown: Snapshot, *, wide: bool) -> tuple[str, list[_Line]]:
    rows = shown.deliveries["deliveries"]
    counts = Counter(row["outcome"].replace("_", " ") for row in rows)
    parts = "   ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return f"DELIVERIES {len(rows)}   {parts}", [_delivery(row, wide=wide) for row in rows]


def _delivery(row: dict[str, Any], *, wide: bool) -> _Line:
    last = row["attempts"][-1] if row["attempts"] else None
    result = "" if last is None else str(last["status"] or last["error"] or last["outcome"])
    outcome, count = row["outcome"].replace("_", " "), len(row["attempts"])
    attempts = f"{count} attempt{'s' if count != 1 else ''}"
    to = f"{row['url']}   " if wide else ""
    text = f"  {outcome:<10} {row['event']:<28} {attempts:<12} {to}{result}"
    return _Line(one_line(text), _RED if outcome == "given up" else "")


def duration(milliseconds: float) -> str:
    """Return a duration for people: 350 ms, 2.5 s, 3 min 20 s, 2 h 5 min, 3 d."""
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    if seconds < 86_400:
        return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min"
    return f"{seconds / 86_400:.0f} d"
