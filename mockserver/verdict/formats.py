"""The formats of a verdict. Each has its own module, which is imported when it is needed."""

import json
from collections.abc import Sequence
from typing import Literal, get_args

from mockserver.core.verdict.finding import Severity
from mockserver.verdict.parts import Part

Format = Literal["text", "json", "junit", "sarif", "markdown", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)


def rendered(form: Format, parts: Sequence[Part], threshold: Severity) -> str:
    """Return a report in a format. In JUnit, findings that are at least as severe as the threshold are failures."""
    if form == "json":
        each = [{"name": part.name, **part.data} for part in parts]
        return json.dumps(each[0] if len(each) == 1 else {"parts": each}, indent=2, ensure_ascii=False) + "\n"
    if form == "junit":
        from mockserver.verdict import junit

        return junit.text(parts, threshold)
    if form == "sarif":
        from mockserver.verdict import sarif

        return sarif.text(parts)
    if form == "markdown":
        from mockserver.verdict import markdown

        return markdown.text(parts)
    if form == "html":
        from mockserver.verdict import html

        return html.text(parts)
    from mockserver.verdict import text

    return text.text(parts, named=len(parts) > 1)
