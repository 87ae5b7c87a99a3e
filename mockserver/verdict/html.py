"""A verdict as one HTML page without scripts, fonts, images or other files."""

from collections.abc import Iterator, Sequence
from html import escape

from mockserver.coverage.html_page import page
from mockserver.verdict.parts import Data, Part, documented, failures, observed, requests, summary

_STYLE = """
.finding { border-left: 4px solid var(--line); padding: .1rem 0 .1rem .9rem; margin: 1rem 0; }
.finding.error { border-color: var(--bad); } .finding.warning { border-color: #b7791f; }
.finding h3 { font-size: 1rem; margin: 0; } .finding dl { margin: .25rem 0; }
.finding dt { float: left; clear: left; width: 7rem; color: var(--dim); } .finding dd { margin: 0 0 .2rem 7rem; }
"""


def text(parts: Sequence[Part]) -> str:
    """Return the page. All values are escaped."""
    return page("mockserver verdict", _body(parts), _STYLE)


def _body(parts: Sequence[Part]) -> Iterator[str]:
    clean = observed(parts) and not any(part.findings for part in parts)
    yield "<h1>Verdict on the client</h1>"
    yield f'<p class="lead"><span class="{"good" if clean else "bad"}">{escape(summary(parts))}</span></p>'
    for part in parts:
        failed = failures(part)
        if not part.findings and failed is None:
            continue
        yield f"<h2>{escape(part.name)} <small>{len(part.findings)}</small></h2>"
        if failed is not None:
            yield f"<p>{escape(failed)}</p>"
        for finding in part.findings:
            yield from _finding(finding)


def _finding(finding: Data) -> Iterator[str]:
    severity = escape(finding["severity"])
    yield f'<section class="finding {severity}">'
    yield f"<h3>{severity}: <code>{escape(finding['rule'])}</code></h3>"
    yield f"<p class=lead>{escape(finding['message'])}.</p>"
    yield "<dl>"
    lines = {"about": requests(finding), "documented": documented(finding), "instead": finding["instead"]}
    for name, value in lines.items():
        if value:
            yield f"<dt>{name}</dt><dd>{escape(value)}</dd>"
    yield "</dl>"
    yield "</section>"
