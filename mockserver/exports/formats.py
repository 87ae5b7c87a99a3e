"""The formats of collections. Each function returns files: their text by their path."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from mockserver.exports.request import UNKNOWN, Request, as_text
from mockserver.exports.requests import Collection, Folder

Files = Mapping[str, str]

_POSTMAN = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def postman(collection: Collection) -> Files:
    """Return a collection of Postman, format 2.1. Other tools import it too."""
    document = {
        "info": {"name": collection.name, "schema": _POSTMAN, "description": "Requests to mockserver"},
        "item": [
            {
                "name": folder.name,
                "item": [*map(_postman_item, folder.requests), *_postman_errors(folder)],
            }
            for folder in collection.folders
        ],
        "variable": [{"key": name, "value": value, "type": "string"} for name, value in collection.variables.items()],
    }
    return {"mockserver.postman_collection.json": _json(document)}


def _postman_errors(folder: Folder) -> Iterator[dict[str, Any]]:
    if folder.errors:
        yield {"name": "Errors", "item": list(map(_postman_item, folder.errors))}


def _postman_item(request: Request) -> dict[str, Any]:
    described: dict[str, Any] = {
        "method": request.method,
        "description": request.text,
        "header": [{"key": name, "value": value} for name, value in request.headers.items()],
        "url": {"raw": request.url, "host": ["{{base_url}}"], "path": request.url.partition("?")[0].split("/")[1:]},
    }
    if request.query:
        described["url"]["query"] = [{"key": name, "value": value} for name, value in request.query.items()]
    if request.kind == "json":
        options = {"raw": {"language": "json"}}
        described["body"] = {"mode": "raw", "raw": as_text(request.body), "options": options}
        described["header"].append({"key": "Content-Type", "value": "application/json"})
    elif request.kind == "form":
        pairs = [{"key": name, "value": str(value)} for name, value in request.body.items()]
        described["body"] = {"mode": "urlencoded", "urlencoded": pairs}
    elif request.kind == "file":
        parts = [{"key": name, "type": "file", "src": []} for name in request.body]
        described["body"] = {"mode": "formdata", "formdata": parts}
    item: dict[str, Any] = {"name": request.name, "request": described, "response": []}
    if request.redirects:
        item["protocolProfileBehavior"] = {"followRedirects": False}
    script = list(_postman_script(request))
    if script:
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": script}}]
    return item


def _postman_script(request: Request) -> Iterator[str]:
    if request.status is not None:
        yield f'pm.test("status {request.status}", () => pm.response.to.have.status({request.status}));'
    for variable, place in request.saves.items():
        yield f'if (pm.response.code < 300) pm.collectionVariables.set("{variable}", pm.response.json().{place});'
    for variable, name in request.saves_from_location.items():
        yield f'const saved = /[?&]{name}=([^&]+)/.exec(pm.response.headers.get("Location"));'
        yield f'if (saved) pm.collectionVariables.set("{variable}", decodeURIComponent(saved[1]));'


def insomnia(collection: Collection) -> Files:
    """Return an export of Insomnia, format 4, which all its versions import."""
    workspace = _id("wrk", collection.name)
    resources: list[dict[str, Any]] = [
        {"_id": workspace, "_type": "workspace", "parentId": None, "name": collection.name, "scope": "collection"},
        {
            "_id": _id("env", collection.name), "_type": "environment", "parentId": workspace,
            "name": "Base Environment", "data": dict(collection.variables),
        },
    ]  # fmt: skip
    for folder in collection.folders:
        group = _id("fld", collection.name, folder.name)
        errors = _id("fld", collection.name, folder.name, "errors")
        resources.append({"_id": group, "_type": "request_group", "parentId": workspace, "name": folder.name})
        resources += [_insomnia_request(group, number, each) for number, each in enumerate(folder.requests)]
        if folder.errors:
            resources.append({"_id": errors, "_type": "request_group", "parentId": group, "name": "Errors"})
            resources += [_insomnia_request(errors, number, each) for number, each in enumerate(folder.errors)]
    document = {"_type": "export", "__export_format": 4, "__export_source": "mockserver", "resources": resources}
    return {"mockserver.insomnia.json": _json(document)}


def _insomnia_request(parent: str, number: int, request: Request) -> dict[str, Any]:
    headers = [{"name": name, "value": _insomnia(value)} for name, value in request.headers.items()]
    body: dict[str, Any] = {}
    if request.kind == "json":
        body = {"mimeType": "application/json", "text": _insomnia(as_text(request.body))}
        headers.append({"name": "Content-Type", "value": "application/json"})
    elif request.kind == "form":
        pairs = [{"name": name, "value": _insomnia(str(value))} for name, value in request.body.items()]
        body = {"mimeType": "application/x-www-form-urlencoded", "params": pairs}
    elif request.kind == "file":
        parts = [{"name": name, "type": "file", "fileName": ""} for name in request.body]
        body = {"mimeType": "multipart/form-data", "params": parts}
    return {
        "_id": _id("req", parent, request.name), "_type": "request", "parentId": parent, "name": request.name,
        "description": request.text, "method": request.method, "url": _insomnia(request.url), "headers": headers,
        "body": body, "parameters": [], "authentication": {}, "metaSortKey": number,
        "settingFollowRedirects": "off" if request.redirects else "global",
    }  # fmt: skip


def _insomnia(text: str) -> str:
    return text.replace("{{", "{{ _.").replace("}}", " }}")


def bruno(collection: Collection) -> Files:
    """Return a collection of Bruno: a folder of files, to be kept in a repository."""
    about = {"version": "1", "name": collection.name, "type": "collection", "ignore": ["node_modules", ".git"]}
    variables = "".join(f"  {name}: {value}\n" for name, value in collection.variables.items())
    files = {"bruno.json": _json(about), "environments/local.bru": f"vars {{\n{variables}}}\n"}
    for folder in collection.folders:
        for number, request in enumerate(folder.requests, 1):
            files[f"{folder.name}/{request.name}.bru"] = _bruno(request, number)
        for number, request in enumerate(folder.errors, 1):
            files[f"{folder.name}/Errors/{request.name.replace(': ', ' ')}.bru"] = _bruno(request, number)
    return files


def _bruno(request: Request, number: int) -> str:
    kinds = {"json": "json", "form": "formUrlEncoded", "file": "multipartForm", None: "none"}
    blocks = [
        f"meta {{\n  name: {request.name.replace(': ', ' ')}\n  type: http\n  seq: {number}\n}}",
        f"{request.method.lower()} {{\n  url: {request.url}\n  body: {kinds[request.kind]}\n  auth: none\n}}",
    ]
    if request.query:
        blocks.append(_block("params:query", request.query))
    if request.headers:
        blocks.append(_block("headers", request.headers))
    blocks += [*_bruno_body(request), *_bruno_after(request), f"docs {{\n  {request.text}\n}}"]
    return "\n\n".join(blocks) + "\n"


def _bruno_body(request: Request) -> Iterator[str]:
    if request.kind == "json":
        indented = "\n".join(f"  {line}" for line in as_text(request.body).splitlines())
        yield f"body:json {{\n{indented}\n}}"
    elif request.kind == "form":
        yield _block("body:form-urlencoded", request.body)
    elif request.kind == "file":
        yield _block("body:multipart-form", dict.fromkeys(request.body, "@file()"))


def _bruno_after(request: Request) -> Iterator[str]:
    """Yield the blocks about the reply: what is saved of it, and its status."""
    if request.saves:
        yield _block("vars:post-response", {name: f"res.body.{place}" for name, place in request.saves.items()})
    for variable, name in request.saves_from_location.items():
        value = f'res.getHeader("location").split("{name}=")[1].split("&")[0]'
        yield f'script:post-response {{\n  bru.setVar("{variable}", {value});\n}}'
    if request.status is not None:
        yield _block("assert", {"res.status": f"eq {request.status}"})
    if request.redirects:
        yield _block("settings", {"followRedirects": "false"})


def _block(name: str, pairs: Mapping[str, Any]) -> str:
    lines = "".join(f"  {key}: {value}\n" for key, value in pairs.items())
    return f"{name} {{\n{lines}}}"


def http(collection: Collection) -> Files:
    """Return a file for the HTTP clients of Visual Studio Code (REST Client), JetBrains and others."""
    parts = [f"# {collection.name}\n" + "".join(f"@{name} = {value}\n" for name, value in collection.variables.items())]
    for folder in collection.folders:
        parts += [_http(folder.name, request, collection.variables) for request in (*folder.requests, *folder.errors)]
    return {"mockserver.http": "\n".join(parts)}


def _http(folder: str, request: Request, variables: Mapping[str, str]) -> str:
    lines = [f"### {folder}: {request.name}", f"# {request.text}"]
    if request.status is not None:
        # Editors have no common way to keep a value of a reply, so the user sets these.
        unset = [f"@{name}" for name in request.variables if variables[name] == UNKNOWN and request.status < 300]
        lines.append(f"# Status: {request.status}" + (f" when {' and '.join(unset)} is set" if unset else ""))
    if request.redirects:
        lines.append("# @no-redirect")
    lines.append(f"{request.method} {request.url}")
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\n".join([*lines, *_http_body(request)]) + "\n"


def _http_body(request: Request) -> Sequence[str]:
    if request.kind == "json":
        return ["Content-Type: application/json", "", as_text(request.body)]
    if request.kind == "form":
        pairs = "&".join(f"{name}={value}" for name, value in request.body.items())
        return ["Content-Type: application/x-www-form-urlencoded", "", pairs]
    if request.kind == "file":
        (name,) = request.body
        part = f'Content-Disposition: form-data; name="{name}"; filename="video.mp4"'
        head = ["Content-Type: multipart/form-data; boundary=part", "", "--part", part]
        return [*head, "Content-Type: video/mp4", "", "< ./video.mp4", "--part--"]
    return []


def _id(prefix: str, *parts: str) -> str:
    """Return an id that is the same in every export, so that an import replaces the one before."""
    return f"{prefix}_{blake2b('/'.join(parts).encode(), digest_size=16).hexdigest()}"


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


FORMATS: Mapping[str, Callable[[Collection], Files]] = {
    "postman": postman,
    "bruno": bruno,
    "insomnia": insomnia,
    "http": http,
}
