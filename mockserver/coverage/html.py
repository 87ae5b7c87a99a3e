"""A coverage report as one HTML page without scripts, fonts, images or other files."""

from collections.abc import Iterator
from html import escape

from mockserver.coverage.html_page import page
from mockserver.coverage.report import KINDS, Behaviour, ProviderCoverage, Report, Score
from mockserver.coverage.tally import NO_OPERATION


def text(report: Report, fail_under: float | None = None) -> str:
    """Return the page. With a threshold it shows whether that was reached. All values are escaped."""
    return page("mockserver coverage", [*_title(report, fail_under), *_body(report)])


def _title(report: Report, fail_under: float | None) -> Iterator[str]:
    score = report.score
    yield "<h1>Coverage of the client's tests</h1>"
    result = f"{score.met} of {score.total} simulated behaviours were covered."
    verdict = ""
    if fail_under is not None:
        failed = score.below(fail_under)
        word = "Less than" if failed else "At least"
        verdict = f' <span class="{"bad" if failed else "good"}">{word} the required {fail_under:g}%.</span>'
    yield f'<p class="lead"><strong>{score.percent}%</strong> {result}{verdict}</p>'


def _body(report: Report) -> Iterator[str]:
    if not report.parts:
        yield "<p>No provider was called.</p>"
        return
    yield from _figures(report)
    errors = [b for part in report.parts for b in part.missed if b.kind == "error"]
    others = [b for part in report.parts for b in part.missed if b.kind != "error"]
    yield from _missed("Errors not covered", errors)
    yield from _missed("Other behaviours not covered", others)
    yield from _deviations(report)
    yield "<h2>All behaviours by provider</h2>"
    for part in report.parts:
        yield from _provider(part)


def _figures(report: Report) -> Iterator[str]:
    yield '<div class="wide"><table class="figures">'
    heads = "".join(f"<th scope=col>{kind}s</th>" for kind in KINDS)
    yield f"<thead><tr><th scope=col>provider</th>{heads}<th scope=col>all</th></tr></thead>"
    yield "<tbody>"
    for part in report.parts:
        cells = "".join(_bar(part.of(kind)) for kind in KINDS)
        yield f"<tr><th scope=row>{escape(part.provider)}</th>{cells}{_bar(part.score)}</tr>"
    yield "</tbody></table></div>"


def _bar(score: Score) -> str:
    if not score.total:
        return "<td class=none>–</td>"
    return (
        f"<td>{score.met}/{score.total} <meter min=0 max={score.total} value={score.met}>{score.percent}%</meter></td>"
    )


def _missed(title: str, behaviours: list[Behaviour]) -> Iterator[str]:
    if behaviours:
        yield f"<h2>{title} <small>{len(behaviours)}</small></h2>"
        yield "<p>Each with the bundled scenario that shows it.</p>"
        yield from _rows(behaviours, "scenario")


def _rows(behaviours: list[Behaviour], last: str) -> Iterator[str]:
    yield '<div class="wide"><table>'
    heads = "".join(f"<th scope=col>{head}</th>" for head in ("behaviour", "description", "class", last))
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    for b in behaviours:
        value = f"{_code(b.scenario)}" if last == "scenario" else str(b.seen or "never")
        missed = "" if b.seen or last == "scenario" else " class=missed"
        yield (
            f"<tr{missed}><td>{_code(b.rule)}</td><td>{escape(b.what)}</td>"
            f"<td><span class=class>{escape(b.basis)}</span></td><td>{value}</td></tr>"
        )
    yield "</tbody></table></div>"


def _deviations(report: Report) -> Iterator[str]:
    rows = [(part.provider, o, what, n) for part in report.parts for (o, what), n in part.deviations.items()]
    if rows:
        yield "<h2>Deviations from contracts</h2>"
        yield "<p>Parts of requests that the provider's contract does not allow.</p>"
        yield '<div class="wide"><table><thead><tr><th scope=col>operation</th><th scope=col>deviation</th>'
        yield "<th scope=col>times</th></tr></thead><tbody>"
        for provider, operation, what, times in rows:
            name = _code(_name(provider, operation))
            yield f"<tr><td>{name}</td><td>{escape(what)}</td><td>{times}</td></tr>"
        yield "</tbody></table></div>"
    if report.left_out:
        yield f"<p>{report.left_out} more are not listed, because there were too many different ones.</p>"


def _provider(part: ProviderCoverage) -> Iterator[str]:
    score = part.score
    yield "<details>"
    result = f"{score.met} of {score.total} covered, {part.called} requests"
    yield f"<summary><b>{escape(part.provider)}</b> {result}</summary>"
    yield from _rows(list(part.behaviours), "times")
    if part.calls:
        yield '<div class="wide"><table><thead><tr><th scope=col>operation</th><th scope=col>status</th>'
        yield "<th scope=col>requests</th></tr></thead><tbody>"
        for (operation, status), times in part.calls.items():
            name = _code(_name(part.provider, operation))
            yield f"<tr><td>{name}</td><td>{status or 'no reply'}</td><td>{times}</td></tr>"
        yield "</tbody></table></div>"
    yield "</details>"


def _name(provider: str, operation: str) -> str:
    return f"{provider} (no operation)" if operation == NO_OPERATION else f"{provider}.{operation}"


def _code(name: str) -> str:
    """Return a name as code in which lines can break only after a dot or an underscore."""
    return f"<code>{escape(name).replace('.', '.<wbr>').replace('_', '_<wbr>')}</code>"
