"""Reads the requests in the journal as facts: what was asked, by whom, and what the client saw."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic_core import from_json

from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.masking import SHORTEST, Masking
from mockserver.core.verdict.declarations import Role
from mockserver.core.verdict.facts import Call, OperationFacts, ProviderFacts, Seen
from mockserver.kit.provider import Provider

_NO_OPERATION = OperationFacts()
_SEEN: Mapping[str, Seen] = {"queued": "active", "running": "active", "succeeded": "succeeded"}
_Link = tuple[str | None, bool]


class CallReader:
    """Turns journal entries into the facts of requests."""

    def __init__(
        self,
        declared: Mapping[str, ProviderFacts],
        providers: Mapping[str, Provider],
        masking: Masking,
        jobs: Collection[Job],
    ) -> None:
        self._declared = declared
        self._providers = providers
        self._masking = masking
        # Uploads are not kept, so the jobs that they created say what they were.
        self._uploads = {job.cause: str(job.facts["fingerprint"]) for job in jobs if "fingerprint" in job.facts}
        self._job_ids = {(job.provider, job.id) for job in jobs}
        self._links: dict[str, tuple[str, str]] = {}

    def calls(self, entries: Iterable[JournalEntry]) -> tuple[Call, ...]:
        """Return the facts of all requests to the providers, in the order of their numbers."""
        requests = [e for e in entries if e.kind == "request" and e.provider in self._declared]
        return tuple(self._call(entry) for entry in sorted(requests, key=lambda entry: entry.number))

    def _call(self, entry: JournalEntry) -> Call:
        provider = self._declared[entry.provider or ""]
        operation = provider.operations.get((entry.operation or "").partition(".")[2], _NO_OPERATION)
        headers = {name.lower(): value for name, value in entry.headers}
        role, job = self._role(entry, operation)
        seen = _seen(entry, provider) if job is not None else None
        link, has_link = _link(entry, operation, seen)
        if link is not None and job is not None:
            self._links[link] = (provider.name, job)
        return Call(
            number=entry.number,
            at=entry.at,
            ended_at=entry.written_at,
            provider=provider.name,
            operation=entry.operation,
            account=entry.account,
            method=entry.method or "",
            path=entry.path or "",
            status=entry.status,
            delivered=entry.delivered,
            intent=self._intent(entry, headers),
            credential=self._credential(provider.name, headers),
            job=job,
            role=role,
            seen=seen,
            link=link,
            has_link=has_link,
            partial="range" in headers,
            usage=entry.usage,
            retry_at=entry.retry_at,
            scripted=entry.rule is not None or entry.fault is not None,
            idempotency_key="idempotency-key" in headers,
            secrets=() if role == "asset" else tuple(self._secrets(entry)),
            deviations=entry.deviations,
            real=entry.real,
            turn=entry.turn,
        )

    def _role(self, entry: JournalEntry, operation: OperationFacts) -> tuple[Role, str | None]:
        """Return the role of a request and the job that it is about. A link in a reply can be a job's file."""
        if entry.job is None and operation.role != "submit":
            for path in _paths(entry):
                if path in self._links and self._links[path][0] == entry.provider:
                    return "asset", self._links[path][1]
        if entry.job is None and operation.role == "poll":
            return "poll", self._named_job(entry)
        return operation.role, entry.job

    def _named_job(self, entry: JournalEntry) -> str | None:
        """Return the job that a poll names, if it failed before its job was looked up: in its path or in its body."""
        names = [unquote(segment) for segment in (entry.path or "").split("/")]
        if entry.request:
            names += _texts(entry.request)
        return next((name for name in names if (entry.provider, name) in self._job_ids), None)

    def _intent(self, entry: JournalEntry, headers: Mapping[str, str]) -> str | None:
        """Return what identifies the meaning of a request: operation, path, query, and body in a canonical form."""
        if entry.operation is None:
            return None
        length = headers.get("content-length", "0")
        if entry.digest:
            body: str | None = entry.digest
        elif entry.request:
            body = canonical(entry.request)
        elif length.isdigit() and int(length) == 0 and "transfer-encoding" not in headers:
            body = ""
        else:
            body = self._uploads.get(entry.number)
        if body is None:
            return None
        query = sorted(parse_qsl(entry.query, keep_blank_values=True))
        text = json.dumps([entry.operation, entry.method, entry.path, query, body])
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    def _credential(self, name: str, headers: Mapping[str, str]) -> str | None:
        try:
            key = self._providers[name].key(headers)
        except Refusal:
            return None
        return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    def _secrets(self, entry: JournalEntry) -> Iterator[str]:
        """Yield the names of parameters in the URL that contain a credential."""
        key = (entry.account or "").partition(":")[2]
        for name, value in parse_qsl(entry.query):
            if self._masking.is_secret(name) or (len(key) >= SHORTEST and key in value):
                yield f"the parameter {name!r}"
        if len(key) >= SHORTEST and key in (entry.path or ""):
            yield "the path"


def canonical(body: bytes) -> str:
    """Return a body in a form that does not depend on the order of keys and on white space, if it is JSON."""
    try:
        data = from_json(body)
    except ValueError:
        return body.decode("latin-1")
    return json.dumps(data, sort_keys=True, separators=(",", ":"))


def _texts(body: bytes) -> Iterator[str]:
    """Yield the texts and numbers in a JSON object, and those in its lists."""
    try:
        data = from_json(body)
    except ValueError:
        return
    for value in data.values() if isinstance(data, dict) else ():
        for each in value if isinstance(value, list) else (value,):
            if isinstance(each, str | int):
                yield str(each)


def _seen(entry: JournalEntry, provider: ProviderFacts) -> Seen | None:
    """Return the state of the job in a reply. The rows of a reply that the client could not read are not recorded."""
    prefix = f"{provider.name}.state."
    for row in entry.rests_on:
        if row.startswith(prefix):
            status = provider.states.get(row.removeprefix(prefix))
            if status is not None:
                return _SEEN.get(status, "ended")
    return None


def _link(entry: JournalEntry, operation: OperationFacts, seen: Seen | None) -> _Link:
    """Return the path of the file in the reply of a finished job, and whether the reply has the link that it should."""
    if seen != "succeeded" or not operation.asset:
        return None, True
    try:
        value: Any = from_json(entry.reply)
    except ValueError:
        return None, True  # too long to be kept, so it is not known
    for name in operation.asset:
        if isinstance(value, list):
            value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
        else:
            value = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(value, str) or not value:
        return None, False
    path = urlsplit(value).path
    # The journal has paths without the name of the sandbox.
    return (f"/{path.split('/', 2)[-1]}" if path.startswith("/~") else path), True


def _paths(entry: JournalEntry) -> Sequence[str]:
    path = entry.path or ""
    return (path, f"/{entry.provider}{path}")
