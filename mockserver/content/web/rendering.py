"""A page as Markdown, HTML or plain text."""

from html import escape

from mockserver.content.web.pages import Page

_MENU = ("Home", "Topics", "About", "Newsletter")


def rendered(page: Page, form: str, *, cleaned: bool = True) -> str:
    """Return the page as `markdown`, `html` or `text`. If not cleaned, with its menu, its links and its footer."""
    return {"html": _html, "raw": _html, "text": _text}.get(form, _markdown)(page, cleaned)


def _markdown(page: Page, cleaned: bool) -> str:
    parts = [f"# {page.title}", f"By {page.author}, {page.published:%B} {page.published.day}, {page.published.year}"]
    parts += [page.description]
    for heading, sentences in page.sections:
        parts += [f"## {heading}", " ".join(sentences)]
    parts += ["## Read more", "\n".join(f"- [{each.title}]({each.url})" for each in page.links)]
    if not cleaned:
        parts = [" | ".join(_MENU), *parts, f"© {page.published.year} {page.site}. All rights reserved."]
    return "\n\n".join(parts)


def _text(page: Page, cleaned: bool) -> str:
    parts = [page.title, page.description]
    for heading, sentences in page.sections:
        parts += [heading, " ".join(sentences)]
    return "\n\n".join(parts if cleaned else [" ".join(_MENU), *parts, f"© {page.site}"])


def _html(page: Page, cleaned: bool) -> str:
    body = [f"<h1>{escape(page.title)}</h1>", f'<p class="byline">{escape(page.author)}</p>']
    body += [f"<p>{escape(page.description)}</p>"]
    for heading, sentences in page.sections:
        body += [f"<h2>{escape(heading)}</h2>", f"<p>{escape(' '.join(sentences))}</p>"]
    links = "".join(f'<li><a href="{escape(each.url)}">{escape(each.title)}</a></li>' for each in page.links)
    body += [f"<ul>{links}</ul>"]
    article = f"<article>{''.join(body)}</article>"
    if cleaned:
        return article
    menu = "".join(f'<a href="/{each.lower()}">{each}</a>' for each in _MENU)
    head = f"<title>{escape(page.title)}</title><script>var page = {{}};</script>"
    return (
        f'<!DOCTYPE html><html lang="en"><head>{head}</head><body><nav>{menu}</nav>{article}'
        f"<footer>© {page.published.year} {escape(page.site)}</footer></body></html>"
    )


def metadata(page: Page) -> dict[str, str]:
    """Return what the head of the page says about it."""
    return {
        "title": page.title,
        "description": page.description,
        "language": "en",
        "author": page.author,
        "siteName": page.site,
        "publishedTime": f"{page.published.isoformat()}T08:00:00Z",
        "ogTitle": page.title,
        "ogUrl": page.url,
    }
