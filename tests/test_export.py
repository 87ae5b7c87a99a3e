"""`mockserver export`: every request is sent to a server, and every format is read as its tool reads it."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mockserver.cli.main import main
from mockserver.core.faults import WIRE_KINDS
from mockserver.exports.formats import FORMATS
from mockserver.exports.request import Request
from mockserver.exports.requests import Collection, collection
from mockserver.kit.catalogue import catalogue_of
from mockserver.providers.registry import all_providers, summaries
from mockserver.scenario.library import Library
from tests.conversation import Conversation

PROVIDERS = all_providers()
PROGRAM = Library(catalogue_of(summaries()), PROVIDERS).program("default")
VARIABLE = re.compile(r"\{\{(\w+)\}\}")


@pytest.fixture(scope="module")
def made() -> Collection:
    return collection(PROVIDERS, PROGRAM)


def filled(text: str, variables: dict[str, str]) -> str:
    """Return a text with its variables replaced. Fails for one that the collection does not have."""
    return VARIABLE.sub(lambda match: variables[match[1]], text)


async def sent(t: Conversation, request: Request, variables: dict[str, str]) -> Any:
    """Send a request as a tool does, and set the variables that its reply saves."""
    url = filled(request.url, variables).removeprefix("http://localhost:8080")
    headers = {name: filled(value, variables) for name, value in request.headers.items()}
    body = filled(json.dumps(request.body), variables).encode()
    if request.kind == "json":
        headers["Content-Type"] = "application/json"
    more: dict[str, Any] = {"content": body} if request.kind == "json" else {}
    if request.kind == "form":
        more = {"data": json.loads(body)}
    reply = await t.client.request(request.method, url, headers=headers, **more)
    for name, place in request.saves.items():
        value = reply.json()
        for part in place.split("."):
            value = value[part]
        variables[name] = str(value)
    for name, parameter in request.saves_from_location.items():
        (variables[name],) = parse_qs(urlsplit(reply.headers["location"]).query)[parameter]
    return reply


@pytest.mark.parametrize("title", [each.title for each in PROVIDERS])
async def test_every_request_gets_the_status_that_the_collection_says(made: Collection, title: str) -> None:
    (folder,) = [each for each in made.folders if each.name == title]
    variables = dict(made.variables)
    async with Conversation({"extends": "default", "clock": {"mode": "auto"}}) as t:
        for request in (*folder.requests, *folder.errors):
            if request.status is not None and request.kind != "file":
                reply = await sent(t, request, variables)
                assert reply.status_code == request.status, (request.name, reply.text)


def test_every_operation_and_every_documented_error_with_a_magic_word_is_there(made: Collection) -> None:
    for provider, folder in zip(PROVIDERS, made.folders, strict=True):
        operations = {each.name for each in provider.operations if not each.hidden}
        assert {each.name.partition(" ")[0] for each in folder.requests} == operations
        statuses = {each.status for each in folder.errors}
        documented = {s for o in provider.operations if not o.hidden and not o.public for s in o.replies if s >= 400}
        # Errors that are about the form of a request, or about what another account has, have no magic word.
        assert documented - statuses <= {403, 405, 413, 415, 422, 502}, provider.name
    words = {
        match
        for folder in made.folders
        for each in folder.errors
        for match in re.findall("mock-[a-z-]+", json.dumps(each.body))
    }
    rules = [rule for rule in PROGRAM.rules if rule.fault is not None and rule.fault.kind not in WIRE_KINDS]
    assert {rule.name.removeprefix("magic ") for rule in rules if rule.name} <= words


async def test_oauth_leads_to_an_access_token_that_works(made: Collection) -> None:
    (folder,) = [each for each in made.folders if each.name == "VideoToPrompt"]
    variables = dict(made.variables)
    async with Conversation() as t:
        for request in [each for each in folder.requests if each.name.startswith("oauth_")]:
            await sent(t, request, variables)
        variables["videotoprompt_key"] = variables["videotoprompt_access_token"]
        (analyze,) = [each for each in folder.requests if each.name == "analyze_url"]
        assert (await sent(t, analyze, variables)).status_code == 202


def test_names_are_unique_in_their_folder(made: Collection) -> None:
    for folder in made.folders:
        names = [each.name for each in (*folder.requests, *folder.errors)]
        assert len(names) == len(set(names)), folder.name


# The formats.


def test_postman(made: Collection) -> None:
    (text,) = FORMATS["postman"](made).values()
    document = json.loads(text)
    assert document["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert {each["key"]: each["value"] for each in document["variable"]} == dict(made.variables)

    def check(items: list[Any]) -> int:
        """Check the items as the schema of format 2.1 describes them, and count the requests."""
        count = 0
        for item in items:
            if "item" in item:
                assert set(item) == {"name", "item"}
                count += check(item["item"])
                continue
            more = {"event", "protocolProfileBehavior"}
            assert {"name", "request", "response"} <= set(item) <= {"name", "request", "response"} | more
            request, count = item["request"], count + 1
            path, _, query = request["url"]["raw"].partition("?")
            assert path == "/".join([*request["url"]["host"], *request["url"]["path"]])
            assert {each["key"] for each in request["url"].get("query", ())} == set(parse_qs(query))
            assert all(set(header) == {"key", "value"} for header in request["header"])
            body = request.get("body")
            if body is not None:
                assert body[body["mode"]] is not None
                assert body["mode"] in ("raw", "urlencoded", "formdata")
            for event in item.get("event", []):
                assert event["listen"] == "test"
        return count

    assert check(document["item"]) == sum(len(each.requests) + len(each.errors) for each in made.folders)
    assert set(VARIABLE.findall(text)) <= set(made.variables)


def test_insomnia(made: Collection) -> None:
    (text,) = FORMATS["insomnia"](made).values()
    document = json.loads(text)
    assert (document["_type"], document["__export_format"]) == ("export", 4)
    resources = document["resources"]
    ids = {each["_id"] for each in resources}
    assert len(ids) == len(resources)
    for each in resources:
        assert each["_type"] in ("workspace", "environment", "request_group", "request")
        assert each["parentId"] in ids or each["_type"] == "workspace"
    (environment,) = [each for each in resources if each["_type"] == "environment"]
    assert set(re.findall(r"\{\{ _\.(\w+) \}\}", text)) <= set(environment["data"])
    assert "{{base_url" not in text


def bru_blocks(text: str) -> dict[str, str]:
    """Read a file of Bruno: blocks with a name, whose content is indented by two spaces."""
    blocks = {}
    for match in re.finditer(r"([a-z:-]+) \{\n((?:  .*\n|\n)*)\}\n", text):
        blocks[match[1]] = "".join(line[2:] for line in match[2].splitlines(True))
    rest = re.sub(r"([a-z:-]+) \{\n((?:  .*\n|\n)*)\}\n", "", text)
    assert not rest.strip(), rest
    return blocks


def test_bruno(made: Collection) -> None:
    files = dict(FORMATS["bruno"](made))
    about = json.loads(files.pop("bruno.json"))
    assert (about["version"], about["type"]) == ("1", "collection")
    variables = dict(
        line.split(": ", 1) for line in bru_blocks(files.pop("environments/local.bru"))["vars"].splitlines()
    )
    assert variables == dict(made.variables)
    for path, text in files.items():
        assert not re.search(r'[:*?"<>|\\]', path), path
        blocks = bru_blocks(text)
        assert re.search(r"^type: http$", blocks["meta"], re.MULTILINE)
        (method,) = {"get", "post", "put", "delete", "patch"} & set(blocks)
        kind = re.search(r"^body: (\w+)$", blocks[method], re.MULTILINE)
        assert kind is not None
        if kind[1] == "json":
            json.loads(blocks["body:json"])
        assert set(VARIABLE.findall(text)) <= set(made.variables)


def test_http(made: Collection) -> None:
    (text,) = FORMATS["http"](made).values()
    head, *requests = text.split("### ")
    assert dict(re.findall(r"^@(\w+) = (.+)$", head, re.MULTILINE)) == dict(made.variables)
    assert len(requests) == sum(len(each.requests) + len(each.errors) for each in made.folders)
    assert "# Status: 200 when @videotoprompt_analysis_id is set\nGET" in text
    for each in requests:
        top, _, body = each.partition("\n\n")
        lines = [line for line in top.splitlines()[1:] if not line.startswith("# ")]
        assert re.fullmatch(r"(GET|POST) \{\{base_url\}\}/\S+", lines[0]), lines[0]
        assert all(re.fullmatch(r"[\w-]+: .+", line) for line in lines[1:])
        if "Content-Type: application/json" in lines:
            json.loads(body)


# The command.


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "postman", "--provider", "nanophoto", "--url", "http://localhost:9000/"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in document["item"]] == ["NanoPhoto"]
    assert {"key": "base_url", "value": "http://localhost:9000", "type": "string"} in document["variable"]
    assert main(["export", "bruno", "--output", str(tmp_path / "requests")]) == 0
    assert (tmp_path / "requests" / "bruno.json").is_file()
    assert main(["export", "http", "--output", str(tmp_path / "mock.http")]) == 0
    assert (tmp_path / "mock.http").read_text("utf-8").startswith("# mockserver\n@base_url")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bruno"], "a collection of Bruno is a folder: give it with --output"),
        (["http", "--provider", "nanofoto"], "there is no provider 'nanofoto'; did you mean 'nanophoto'?"),
        (["http", "--output", "/no/such/folder/x"], "/no/such/folder/x: No such file or directory"),
    ],
)
def test_wrong_input(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", *arguments]) == 2
    assert capsys.readouterr().err.strip() == message
