"""Makes the files that replies link to, from what was kept about them."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.seeded import Seeded

_PAGES, _CHARACTERS = 200, 60_000


def rendered(ending: str, content: Mapping[str, Any]) -> bytes:
    """Return a file of a type in `files.TYPES`."""
    if ending == "mp4":
        from mockserver.media.maker import video

        return video(content["milliseconds"], Seeded("dumplingai", content["seed"])).data
    if ending == "pdf":
        return _pdf(content)
    if ending == "zip":
        return _zip(content["files"])
    return _image(ending, content)


def _pdf(content: Mapping[str, Any]) -> bytes:
    from mockserver.media.pdf import pdf

    return pdf(content["pages"], content["metadata"], content.get("archive") or "", tagged=bool(content.get("tagged")))


def _zip(files: Mapping[str, Any]) -> bytes:
    from io import BytesIO
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # With a fixed date, so that the same request always has the same bytes.
            archive.writestr(ZipInfo(name, (2025, 6, 1, 12, 0, 0)), _pdf(content), ZIP_DEFLATED)
    return packed.getvalue()


def _image(ending: str, content: Mapping[str, Any]) -> bytes:
    from mockserver.media.bands import abstract, page

    draw = page if content.get("page") else abstract
    drawn = draw(Seeded("dumplingai", content.get("seed", "")), content["width"], content["height"])
    if ending == "webp":
        from mockserver.media.webp import webp

        return webp(drawn)
    if ending == "jpg":
        from mockserver.media.jpeg import jpeg

        return jpeg(drawn)
    from mockserver.media.png import png

    return png(drawn)


def bounded(pages: list[str]) -> list[str]:
    """Return at most 200 pages with at most 60,000 characters together, so that little is kept for a file."""
    kept, left = [], _CHARACTERS
    for page in pages[:_PAGES]:
        kept.append(page[:left])
        left -= len(kept[-1])
    return kept
