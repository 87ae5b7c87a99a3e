"""A verdict as Markdown, for a comment or the summary of a CI job."""

from collections.abc import Iterator, Sequence

from mockserver.verdict.parts import Part, documented, failures, requests, summary

_SPECIAL = str.maketrans({each: f"\\{each}" for each in "\\`*_{}[]<>|#~"})


def text(parts: Sequence[Part]) -> str:
    """Return the findings as a table for each part. Values of clients are escaped."""
    lines = ["## Verdict on the client", "", f"{_escaped(summary(parts))}."]
    for part in parts:
        if part.findings:
            lines += ["", *_part(part)]
        failed = failures(part)
        if failed is not None:
            lines += ["", f"{part.name and _escaped(part.name)}: {_escaped(failed)}"]
    return "\n".join(lines) + "\n"


def _part(part: Part) -> Iterator[str]:
    yield f"### {_escaped(part.name)}"
    yield ""
    yield "| finding | what was seen | what the provider documents | instead |"
    yield "|---|---|---|---|"
    for finding in part.findings:
        seen = _escaped(finding["message"])
        about = requests(finding)
        cells = [
            f"**{finding['severity']}** `{finding['rule']}`",
            f"{seen} ({_escaped(about)})" if about else seen,
            _escaped(documented(finding) or "-"),
            _escaped(finding["instead"]),
        ]
        yield f"| {' | '.join(cells)} |"


def _escaped(value: str) -> str:
    return " ".join(value.translate(_SPECIAL).split())
