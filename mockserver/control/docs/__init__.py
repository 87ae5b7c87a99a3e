"""The page that shows the OpenAPI documents in a browser. Every file of it is served by this server."""

from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import Field

from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.parameters import QueryModel, Segment

router = APIRouter(route_class=StrictRoute, include_in_schema=False)

_HERE = Path(__file__).parent
# Scripts, styles and requests are of this server alone. Swagger UI has its icons in its style sheet.
_POLICY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}
_TYPES = {".js": "text/javascript", ".css": "text/css"}


class DocsQuery(QueryModel):
    """Which document the page shows."""

    api: str = Field(default="control", description="`control`, or a provider's name")


@router.get("/docs")
async def show_page(query: Annotated[DocsQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts) -> HTMLResponse:
    api, titles = query.api, {"control": "Control API", **{each.name: each.title for each in parts.providers.summaries}}
    if api not in titles:
        raise ControlError(404, f"There is no document {api!r}; the documents are {', '.join(titles)}")
    page = Template((_HERE / ("page.html" if _swagger_ui() else "missing.html")).read_text("utf-8"))
    values = {
        "api": api,
        "title": titles[api],
        "key": "" if api == "control" else parts.provider(api).example_key(sandbox.name),
    }
    links = "\n".join(_link(each, title, current=each == api) for each, title in titles.items())
    text = page.substitute({name: escape(value) for name, value in values.items()}, links=links)
    return HTMLResponse(text, headers=_POLICY)


@router.get("/docs/{file}")
async def show_file(file: Segment) -> FileResponse:
    path = _files().get(file)
    if path is None:
        raise ControlError(404, f"The documentation has no file {file!r}")
    return FileResponse(path, media_type=_TYPES[path.suffix])


def _link(name: str, title: str, *, current: bool) -> str:
    mark = ' aria-current="page"' if current else ""
    return f'<a href="docs?api={name}"{mark}>{escape(title)}</a>'


def _files() -> dict[str, Path]:
    """The files that the page loads, by their names."""
    paths = [_HERE / "page.js", _HERE / "page.css"]
    if folder := _swagger_ui():
        paths += [folder / "swagger-ui-bundle.js", folder / "swagger-ui.css"]
    return {path.name: path for path in paths}


def _swagger_ui() -> Path | None:
    """The folder with the files of Swagger UI, which the extra `docs` installs. None without it."""
    spec = find_spec("fastapi_offline")
    return None if spec is None or spec.origin is None else Path(spec.origin).parent / "static"
