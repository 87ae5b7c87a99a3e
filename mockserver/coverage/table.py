"""A coverage report as a table, for a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from mockserver.coverage.report import KINDS, Report, Score
from mockserver.coverage.tally import NO_OPERATION

WIDTH = 120


def text(report: Report) -> str:
    """Return the scores, the behaviours that were not covered, the requests, and the deviations from contracts."""
    if not report.parts:
        return "coverage: no provider was called\n"
    return "\n".join([*_scores(report), *_missed(report), *_requests(report), *_deviations(report)]) + "\n"


def _scores(report: Report) -> Iterator[str]:
    rows = [["provider", *(f"{kind}s" for kind in KINDS), "all", ""]]
    rows += [[p.provider, *(_cell(p.of(kind)) for kind in KINDS), *_whole(p.score)] for p in report.parts]
    if len(report.parts) > 1:
        sums = [_sum(part.of(kind) for part in report.parts) for kind in KINDS]
        rows.append(["total", *(_cell(score) for score in sums), *_whole(report.score)])
    for row, wide in ((row, _widths(rows)) for row in rows):
        yield "  ".join([row[0].ljust(wide[0]), *(c.rjust(w) for c, w in zip(row[1:], wide[1:], strict=True))]).rstrip()


def _sum(scores: Iterable[Score]) -> Score:
    every = list(scores)
    return Score(sum(s.met for s in every), sum(s.total for s in every))


def _cell(score: Score) -> str:
    return f"{score.met}/{score.total}" if score.total else "-"


def _whole(score: Score) -> tuple[str, str]:
    return _cell(score), f"{score.percent}%"


def _missed(report: Report) -> Iterator[str]:
    for title, errors in (("errors not covered", True), ("other behaviours not covered", False)):
        missed = {p.provider: [b for b in p.missed if (b.kind == "error") is errors] for p in report.parts}
        if any(missed.values()):
            yield from ("", f"{title}, each with its class and a scenario that shows it:")
        for provider, behaviours in missed.items():
            if behaviours:
                yield f"  {provider}"
                yield from _columns([(f"  {b.kind}.{b.name}", b.basis, b.scenario, b.what) for b in behaviours])


def _requests(report: Report) -> Iterator[str]:
    statuses: dict[str, list[str]] = {}
    for part in report.parts:
        for (operation, status), times in part.calls.items():
            statuses.setdefault(_name(part.provider, operation), []).append(f"{status or 'no reply'} ×{times}")
    if statuses:
        yield from ("", "requests, by operation and status:")
        yield from _columns([(name, ", ".join(counts)) for name, counts in statuses.items()])


def _deviations(report: Report) -> Iterator[str]:
    rows = [
        (_name(part.provider, operation), f"×{times}", what)
        for part in report.parts
        for (operation, what), times in part.deviations.items()
    ]
    if rows:
        yield from ("", "deviations from contracts:")
        yield from _columns(rows)
    if report.left_out:
        yield from ("", f"{report.left_out} more are not listed, because there were too many different ones")


def _name(provider: str, operation: str) -> str:
    return f"{provider} (no operation)" if operation == NO_OPERATION else f"{provider}.{operation}"


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    wide = _widths(rows)
    for row in rows:
        line = "  " + "  ".join(_printable(cell).ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip()
        yield line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _printable(cell: str) -> str:
    """Replace characters that are not printable, because clients could use them to control the terminal."""
    return "".join(c if c.isprintable() else "�" for c in cell)
