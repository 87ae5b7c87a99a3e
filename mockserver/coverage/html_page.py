"""The HTML page of a report, with its style sheet. It loads nothing."""

from collections.abc import Iterable

_STYLE = """
:root { color-scheme: light dark; --text: #1b1f24; --dim: #59636e; --line: #d8dee4; --page: #fff; --soft: #f6f8fa;
  --good: #1a7f37; --bad: #c4232b; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --dim: #9aa4af; --line: #343b44; --page: #0f1318; --soft: #191f26;
    --good: #4ac26b; --bad: #ff7b72; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 75rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
h2 small { color: var(--dim); font-weight: normal; }
p { margin: .25rem 0 .75rem; color: var(--dim); }
.lead, .lead strong { color: var(--text); }
.lead strong { font-size: 1.6rem; margin-right: .4rem; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.wide { overflow-x: auto; margin-bottom: .75rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--dim); font-weight: 600; font-size: .85rem; }
.figures td, .figures th { white-space: nowrap; }
.figures meter { display: block; width: 6rem; height: .6rem; }
.none, .class { color: var(--dim); }
.missed td:last-child { color: var(--bad); font-weight: 600; }
code { font: .87em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: break-word; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 .75rem; }
summary { cursor: pointer; padding: .5rem 0; color: var(--dim); }
summary b { color: var(--text); }
details[open] summary { border-bottom: 1px solid var(--line); margin-bottom: .5rem; }
"""


def page(title: str, body: Iterable[str], style: str = "") -> str:
    """Return a page with the lines of its body, in which everything is escaped. `style` is added to the style sheet."""
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        # A second protection beside escaping: values that clients sent cannot load or run anything.
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">""",
        '<meta name="color-scheme" content="light dark">',
        f"<title>{title}</title>",
        f"<style>{_STYLE}{style}</style>",
        "</head>",
        "<body>",
        "<main>",
        *body,
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"
