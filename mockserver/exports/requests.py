"""The requests of a collection, made of the OpenAPI documents, the operations and the magic words of `default`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.compile import Program
from mockserver.core.faults import WIRE_KINDS, Refusal
from mockserver.core.match import Rule, key_matches
from mockserver.exports.magic import is_valid, place_of_input, with_word
from mockserver.exports.oauth import OAuthRequests
from mockserver.exports.request import UNKNOWN, Kind, Request
from mockserver.kit.errors import RefusalContext
from mockserver.kit.operations import Operation
from mockserver.kit.provider import Provider
from mockserver.openapi import document

BASE_URL = "http://localhost:8080"
_MAGIC = re.compile(r"magic (mock-[a-z-]+)")
# Plans that are shown beside the errors, with what they show.
_SHOWN_PLANS = {"mock-fail": "the job fails"}
# Operations of Descrideo's demo need a key of their own (FACTS section 4).
_DEMO, _DEMO_KEY = "/api/demo/", "demo_test-key"


class Folder(NamedTuple):
    """The requests of a provider, and those that show its errors."""

    name: str
    requests: Sequence[Request]
    errors: Sequence[Request]


class Collection(NamedTuple):
    """Folders of requests, and the variables with their values."""

    name: str
    folders: Sequence[Folder]
    variables: Mapping[str, str]


def collection(providers: Iterable[Provider], program: Program) -> Collection:
    """Return the requests to these providers. `program` is the default scenario."""
    chosen = list(providers)
    variables = {"base_url": BASE_URL}
    folders = []
    for provider in chosen:
        maker = _Maker(provider, program)
        folders.append(Folder(provider.title, maker.requests, maker.errors))
        variables.update(maker.variables)
    name = f"mockserver: {chosen[0].title}" if len(chosen) == 1 else "mockserver"
    return Collection(name, folders, variables)


class _Maker:
    """Makes the requests of one provider."""

    def __init__(self, provider: Provider, program: Program) -> None:
        self._provider = provider
        self._document = document(provider.name)
        self.variables = {f"{provider.name}_key": provider.example_key("default")}
        self._operations = [each for each in provider.operations if not each.hidden and not each.public]
        self._links = self._links_of(self._operations)
        self._polls = {
            each.name: f"{provider.name}_{each.name.removesuffix('_check_status')}_id"
            for each in self._operations
            if each.body is not None and each.job_in
        }
        magic = [(match[1], rule) for rule in program.rules if (match := _MAGIC.fullmatch(rule.name or ""))]
        oauth = OAuthRequests(provider, lambda each: self._described(each)["summary"])
        self.variables.update(oauth.variables)
        requests = [self._request(each) for each in self._operations]
        self.requests = [*requests, *oauth.requests]
        self.errors = [
            *(
                error
                for operation, request in zip(self._operations, requests, strict=True)
                for error in (*self._magic(operation, request, magic), *self._plain(operation, request))
            ),
            *oauth.errors,
        ]

    def _links_of(self, operations: Sequence[Operation]) -> dict[str, str]:
        """Return the variable for the id of a job, by the path of the operation that reads the job."""
        by_name = {each.name: each for each in operations}
        targets = {name: by_name[name] for each in operations for name, *_ in each.links.values() if name in by_name}
        named = {
            name: parameter
            for each in operations
            for name, parameter, *_ in each.links.values()
            # Where several operations call their job the same, the variable has the name of the operation.
            if len({link[0] for o in operations for link in o.links.values() if link[1] == parameter}) == 1
        }
        return {
            each.path: f"{self._provider.name}_{named.get(name, name.removeprefix('get_') + '_id')}"
            for name, each in targets.items()
        }

    def _request(self, operation: Operation) -> Request:
        name = self._provider.name
        for path, variable in self._links.items():
            if operation.path.startswith(path):
                self.variables.setdefault(variable, UNKNOWN)
        url = f"{{{{base_url}}}}/{name}{self._path(operation)}"
        headers = {"Authorization": f"Bearer {{{{{self._key(operation)}}}}}"}
        body, kind = self._body(operation)
        needs_job, has_job = "{" in operation.path, "{{" in self._path(operation)
        known = (operation.method == "GET" and has_job is needs_job) or (kind == "json" and _is_complete(body))
        success = min(status for status in operation.replies if status < 300)
        return Request(
            operation.name,
            operation.method,
            url,
            headers,
            kind,
            body,
            self._described(operation)["summary"],
            success if known and not (needs_job and operation.method != "GET") else None,
            self._saves(operation),
        )

    def _described(self, operation: Operation) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self._document["paths"][operation.path][operation.method.lower()]
        return described

    def _key(self, operation: Operation) -> str:
        if _DEMO not in operation.path:
            return f"{self._provider.name}_key"
        self.variables[f"{self._provider.name}_demo_key"] = _DEMO_KEY
        return f"{self._provider.name}_demo_key"

    def _path(self, operation: Operation, value: str | None = None) -> str:
        """Return the path with its parameter replaced by the variable for it, or by a value."""
        variable = next((v for path, v in self._links.items() if operation.path.startswith(path)), None)
        known = UNKNOWN if variable is None else f"{{{{{variable}}}}}"
        return re.sub(r"\{\w+\}", value or known, operation.path)

    def _saves(self, operation: Operation) -> dict[str, str]:
        paths = {each.name: each.path for each in self._operations}
        saved = {}
        for target, _, *place in operation.links.values():
            if paths.get(target) in self._links:
                saved[self._links[paths[target]]] = (place[0] if place else "/id").removeprefix("/").replace("/", ".")
        for poll in self._operations:
            # A job that is polled by an id in the body is created by the operation beside it.
            if (
                poll.name in self._polls
                and _folder(poll) == _folder(operation)
                and _replies_with(operation, poll.job_in)
            ):
                saved[self._polls[poll.name]] = poll.job_in
        return saved

    def _body(self, operation: Operation) -> tuple[Any, Kind | None]:
        if operation.parts:
            return dict.fromkeys(operation.parts, ""), "file"
        if operation.body is None:
            return None, None
        examples = [example for name, example in operation.examples.items() if "magic" not in name]
        variable = self._polls.get(operation.name)
        if variable is not None and examples:
            self.variables.setdefault(variable, UNKNOWN)
            return {**examples[0], operation.job_in: f"{{{{{variable}}}}}"}, "json"
        return (examples[0] if examples else {}), "form" if operation.body_kind == "form" else "json"

    def _magic(self, operation: Operation, request: Request, magic: Sequence[tuple[str, Rule]]) -> Iterator[Request]:
        """Yield a request for each documented error that a magic word causes."""
        full = f"{self._provider.name}.{operation.name}"
        place = place_of_input(operation, request.body)
        if request.kind != "json" or place is None:
            return
        for word, rule in magic:
            if not any(key_matches(pattern, full) for pattern in rule.operations):
                continue
            status, what = self._outcome(operation, word, rule)
            if status is None or (status >= 400 and status not in operation.replies):
                continue
            body = with_word(request.body, place, word)
            if not is_valid(operation, body):
                continue
            name = f"{operation.name}: {what}"
            yield request._replace(name=name, body=body, status=status, text=f"The magic word {word}: {what}", saves={})

    def _outcome(self, operation: Operation, word: str, rule: Rule) -> tuple[int | None, str]:
        """Return the status of the reply that a magic word causes, and what it shows; None if it is not an error."""
        if rule.fault is None:
            # Not for operations whose reply is the result, and not for the demo, whose limit is soon reached.
            shown = operation.links and _DEMO not in operation.path
            what = _SHOWN_PLANS.get(word) if shown else None
            return (None if what is None else min(operation.replies)), what or ""
        if rule.fault.kind in WIRE_KINDS:
            return None, ""
        refusal = Refusal(rule.fault.kind, required=1, available=0)
        own = None if operation.error_reply is None else operation.error_reply(refusal)
        reply = own or self._provider.error_reply(refusal, RefusalContext(operation))
        return reply.status, f"{reply.status} {rule.fault.kind.rpartition(':')[2].strip()}"

    def _plain(self, operation: Operation, request: Request) -> Iterator[Request]:
        """Yield requests for the errors that need no magic word: a key that is refused, and a job that is not there."""
        if 401 in operation.replies and request.kind != "json":
            headers = {"Authorization": request.headers["Authorization"] + "-invalid"}
            text = "A key with `invalid` in it is refused"
            name = f"{operation.name}: 401 unauthorized"
            yield request._replace(name=name, headers=headers, status=401, text=text, saves={})
        if 404 in operation.replies and "{" in operation.path:
            url = f"{{{{base_url}}}}/{self._provider.name}{self._path(operation, 'no-such-id')}"
            text = "There is no job with this id"
            yield request._replace(name=f"{operation.name}: 404 not_found", url=url, status=404, text=text, saves={})
        if 404 in operation.replies and operation.name in self._polls:
            body = {**request.body, operation.job_in: "no-such-id"}
            name = f"{operation.name}: 404 not_found"
            yield request._replace(name=name, body=body, status=404, text="There is no job with this id", saves={})


def _replies_with(operation: Operation, name: str) -> bool:
    """Return True if the reply of an operation that creates jobs has a field with this name."""
    model = operation.replies[min(operation.replies)].model
    fields = {} if model is None or operation.job_in else model.model_fields
    return any(name in (own, field.alias, field.serialization_alias) for own, field in fields.items())


def _folder(operation: Operation) -> str:
    return operation.path.rpartition("/")[0]


def _is_complete(body: Any) -> bool:
    """Return True for an example that names nothing that has to exist before, such as a knowledge base."""
    ids = [value for name, value in body.items() if name.endswith(("Id", "Ids"))]
    return bool(body) and all(isinstance(value, str) and value.startswith("{{") for value in ids)
