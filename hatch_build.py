"""A build hook: the description on the package index has absolute links, since it is not beside the files."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# Not the links to other sites or within the page.
_RELATIVE = re.compile(r"\]\((?!https?://|#)([^)]+)\)")
_PICTURES = (".gif", ".jpg", ".png", ".svg", ".webp")


def absolute(text: str, repository: str) -> str:
    """Return a Markdown text whose relative links lead to the repository: to pages, and to the bytes of pictures."""

    def link(match: re.Match[str]) -> str:
        kind = "raw" if match[1].endswith(_PICTURES) else "blob"
        return f"]({repository}/{kind}/main/{match[1]})"

    return _RELATIVE.sub(link, text)


class AbsoluteLinks(MetadataHookInterface):
    """Sets `readme`, with links to the repository in `urls` of pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute(text, metadata["urls"]["Repository"])}
