"""The OpenAPI documents: exported, valid, complete, and consistent with the declarations."""

import copy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from mockserver import __version__
from mockserver.openapi import UnknownDocument, as_yaml, document, names
from mockserver.openapi.shared import share
from mockserver.providers.registry import all_providers
from tests.contract import resolved, validator
from tests.conversation import Conversation

EXPORTED = Path(__file__).parent.parent / "openapi"
PROVIDERS = {p.name: p for p in all_providers()}
every_document = pytest.mark.parametrize("name", names())
every_provider = pytest.mark.parametrize("name", PROVIDERS)


def operations(name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every operation of a document: path, method, declaration."""
    for path, item in document(name)["paths"].items():
        for method, declared in item.items():
            yield path, method, declared


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema in a document that has examples."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list) or ("example" in node and "schema" not in node):
            yield node
        for value in node.values():
            yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


def media(name: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield every example of a body in a document: its place, its schema, the example."""

    def within(where: str, content: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
        for kind, declaration in content.items():
            if "example" in declaration:
                yield f"{where} {kind}", declaration["schema"], declaration["example"]
            for label, example in declaration.get("examples", {}).items():
                yield f"{where} {kind} {label}", declaration["schema"], example["value"]

    hooks = [(event, "post", item["post"]) for event, item in document(name).get("webhooks", {}).items()]
    for path, method, declared in (*operations(name), *hooks):
        yield from within(f"{method} {path}", declared.get("requestBody", {}).get("content", {}))
        for status, response in declared["responses"].items():
            yield from within(f"{method} {path} {status}", resolved(name, response).get("content", {}))


@every_document
def test_the_exported_document_is_up_to_date(name: str) -> None:
    text = (EXPORTED / f"{name}.yaml").read_text("utf-8")
    assert text == as_yaml(document(name)) + "\n", "run `make openapi`"
    assert yaml.safe_load(text) == document(name)


def test_only_these_documents_are_exported() -> None:
    assert {path.stem for path in EXPORTED.iterdir()} == set(names())


def test_errors_have_the_same_names_in_every_version_of_python() -> None:
    """Python 3.13 has other phrases for some statuses, and no version has one for the last."""
    declared = {str(status): {"description": "No"} for status in (404, 413, 414, 416, 422, 520)}
    made: dict[str, Any] = {"paths": {path: {"get": {"responses": dict(declared)}} for path in ("/a", "/b")}}
    share(made)
    assert list(made["components"]["responses"]) == [
        "NotFound", "RequestEntityTooLarge", "RequestUriTooLong", "RequestedRangeNotSatisfiable", "UnprocessableEntity",
        "Status520",
    ]  # fmt: skip


@every_document
def test_a_document_is_valid_openapi(name: str) -> None:
    assert document(name)["openapi"].startswith("3.1.")
    assert document(name)["info"]["version"] == __version__
    validate(copy.deepcopy(document(name)))


@every_document
def test_examples_match_their_schemas(name: str) -> None:
    for where, schema, example in media(name):
        problems = [e.message for e in validator(name, schema).iter_errors(example)]
        assert not problems, where
    for schema in schemas(document(name)):
        for example in (*schema.get("examples", ()), *((schema["example"],) if "example" in schema else ())):
            assert validator(name, schema).is_valid(example), (schema, example)


@every_document
def test_every_body_has_an_example(name: str) -> None:
    with_example = {place.rpartition(" application/")[0] for place, _, _ in media(name)}
    for path, method, declared in operations(name):
        content = declared.get("requestBody", {}).get("content", {})
        assert "application/json" not in content or f"{method} {path}" in with_example


@every_document
def test_every_operation_is_documented(name: str) -> None:
    tags = {tag["name"] for tag in document(name).get("tags", ())}
    for path, _, declared in operations(name):
        assert declared["summary"], path
        assert not tags or set(declared["tags"]) <= tags, path
        assert "security" in declared, path
        assert any(status < "400" for status in declared["responses"]), path
        assert "500" in declared["responses"], path
        for parameter in declared.get("parameters", ()):
            assert parameter["in"] == "path" or parameter.get("description") or "enum" in parameter["schema"], parameter
        for response in declared["responses"].values():
            assert resolved(name, response)["description"], path


def fields_of(name: str, declared: dict[str, Any]) -> set[str]:
    """Return the fields of the JSON body that an operation takes."""
    media = declared.get("requestBody", {}).get("content", {}).get("application/json", {})
    return set(resolved(name, media.get("schema", {})).get("properties", {}))


@every_document
def test_links_refer_to_operations_that_have_their_parameters(name: str) -> None:
    parameters = {d["operationId"]: {p["name"] for p in d.get("parameters", ())} for _, _, d in operations(name)}
    bodies = {d["operationId"]: fields_of(name, d) for _, _, d in operations(name)}
    for _, _, declared in operations(name):
        for response in declared["responses"].values():
            for link in resolved(name, response).get("links", {}).values():
                values = link.get("parameters") or link["requestBody"]
                taken = bodies if "requestBody" in link else parameters
                assert set(values) <= taken[link["operationId"]]
                assert all("$response.body#/" in str(value) for value in values.values())


@every_provider
def test_the_document_has_exactly_the_operations_of_the_provider(name: str) -> None:
    provider = PROVIDERS[name]
    expected = {(o.name, o.method.lower(), o.path) for o in provider.operations if not o.hidden}
    assert {(d["operationId"], method, path) for path, method, d in operations(name)} == expected


@every_provider
def test_the_simulation_is_the_first_server(name: str) -> None:
    urls = [server["url"] for server in document(name)["servers"]]
    assert urls == [f"http://localhost:8080/{name}", f"https://{PROVIDERS[name].hosts[0]}"]


@every_provider
def test_the_replies_of_the_edge_are_documented(name: str) -> None:
    for operation in PROVIDERS[name].operations:
        if operation.hidden:
            continue
        declared = document(name)["paths"][operation.path][operation.method.lower()]
        assert operation.public or "401" in declared["responses"]
        assert operation.public == (declared["security"] == [])
        if operation.body is not None:
            assert {"400", "422"} & set(declared["responses"])


@every_provider
def test_every_event_has_a_webhook(name: str) -> None:
    assert set(document(name).get("webhooks", {})) == set(PROVIDERS[name].events)


@every_provider
def test_limit_headers_are_documented_with_every_reply(name: str) -> None:
    documented = set(PROVIDERS[name].documented_headers)
    for _, _, declared in operations(name):
        for response in declared["responses"].values():
            assert documented <= set(resolved(name, response).get("headers", {}))


def test_oauth_needs_the_scope_of_an_operation() -> None:
    """FACTS section 1: OAuth 2."""
    security = {d["operationId"]: d["security"] for _, _, d in operations("videotoprompt")}
    assert security["analyze_url"] == [{"bearer": []}, {"oauth": ["analyze:write"]}]
    assert security["get_analysis"] == [{"bearer": []}, {"oauth": ["analyze:read"]}]
    assert security["oauth_token"] == []
    flow = document("videotoprompt")["components"]["securitySchemes"]["oauth"]["flows"]["authorizationCode"]
    assert set(flow["scopes"]) == {"analyze:read", "analyze:write", "account:read"}


def test_an_optional_field_of_a_reply_is_not_nullable() -> None:
    analysis = document("videotoprompt")["components"]["schemas"]["Analysis"]
    assert analysis["properties"]["error"] == {"type": "string"}
    assert "error" not in analysis["required"]


def test_an_unknown_document_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(UnknownDocument, match="videotoprompt"):
        document("videotopromt")


def moved(part: Any, url: str) -> Any:
    """Return a document with another URL of this server, also in operations that have their own servers."""
    if isinstance(part, dict):
        if part.keys() == {"url", "description"} and part["description"] == "mockserver":
            return {"url": url, "description": "mockserver"}
        return {key: moved(value, url) for key, value in part.items()}
    return [moved(each, url) for each in part] if isinstance(part, list) else part


async def test_served_documents_have_the_url_that_the_client_uses() -> None:
    async with Conversation() as c:
        await c.post("/_mock/sandboxes", {"name": "ci"})
        for name in names():
            served = (await c.get(f"/_mock/openapi/{name}")).json()
            prefix = "_mock" if name == "control" else name
            assert served == moved(document(name), f"http://mock.test/{prefix}")
            inside = (await c.get(f"/~ci/_mock/openapi/{name}")).json()
            assert inside == moved(document(name), f"http://mock.test/~ci/{prefix}")
        missing = await c.get("/_mock/openapi/nothing")
        assert missing.status_code == 404
        assert "videotoprompt" in missing.json()["detail"]


def test_the_server_starts_without_fastapi() -> None:
    code = (
        "import sys, mockserver.app, mockserver.serving.serve; mockserver.app.create_app()\n"
        "print([m for m in sys.modules if m.partition('.')[0] == 'fastapi' or m.startswith('mockserver.openapi')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_integers_that_need_64_bits_say_so() -> None:
    schemas = document("control")["components"]["schemas"]
    assert schemas["ClockView"]["properties"]["milliseconds"]["format"] == "int64"
    assert schemas["SandboxView"]["properties"]["seed"]["format"] == "int64"
    assert "format" not in schemas["Problem"]["properties"]["status"]


def test_generated_clients_for_go_and_java_compile() -> None:
    """Generators write a default that is not of a simple type without quotation marks, such as `= 0s`.

    In a value of several types, a map and an instant become names that are not those of classes.
    """
    schemas = document("control")["components"]["schemas"]
    assert schemas["TamperingSpec"]["properties"]["delay"]["description"].endswith("(default: `0s`)")
    assert {"type": "object"} in schemas["NewSandbox"]["properties"]["scenario"]["anyOf"]

    def check(node: Any) -> None:
        if isinstance(node, dict):
            assert not ({"anyOf", "$ref"} & set(node) and isinstance(node.get("default"), str | dict)), node
            for each in node.get("anyOf", ()):
                assert "format" not in each or each["format"] == "int64", node
                assert each.get("additionalProperties") is not True, node
        for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            check(each)

    check(document("control"))
