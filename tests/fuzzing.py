"""Runs Schemathesis in this process: sends the requests that a document allows, and checks the replies against it."""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import Status, events, from_schema
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.python.asgi import shutdown_lifespans

from mockserver.app import create_app
from mockserver.core.seeded import Seeded
from mockserver.kit.catalogue import catalogue
from mockserver.media.maker import video
from mockserver.openapi import document
from mockserver.providers.registry import all_providers
from mockserver.settings import Settings
from tests.contract import Contract
from tests.conversation import Receivers

KEY = "contract-key"
# Keys with a prefix that the provider requires, by the start of the path.
_KEYS = {"descrideo": {"/api/demo/": "demo_contract-key", "/": "nxt_contract-key"}}

# Messages about rules that JSON Schema cannot state: relations between two values, the bytes of a file, known names.
# The document describes them in prose. A request that breaks one is refused although it matches the schema.
BEYOND_SCHEMA = {
    "videotoprompt": (
        r"timestamp_end must be later than timestamp_start",
        r"video: the file (is empty|is not a video|is damaged)",
    ),
    "dumplingai": (
        r"endTimestamp must be later than startTimestamp",
        r"The trimmed video would be larger than the maximum",
        # The input of a run is that of its counterpart, and the providers are those of the capability.
        r"input\.\w|provider must be one of|provider is only for capabilities",
    ),
    "nanophoto": (r"the id of each shot must be unique",),
    "control": (
        r"([Nn]o (operation|fault|plan) is called|[Nn]o operation matches)",
        r"[Uu]nknown (operation|plan|fault|event|limit|provider|option|placeholder)",
        r"[Nn]o provider has a plan|there is no scenario named",
        r"Give the name of a scenario",
        r"'.*' does not name a value of a request|linear-time engine",
        r"replaces the whole reply|happens before the reply begins|changes the body of a reply",
        r"the fault of a stream must be|only a stall without for can be held",
        r"expected a duration such as|severity must be RULE=error|unknown rule",
        r"names must be unique",
        r"a duration may be at most 366 days|the spread of .* is larger|p99 needs a `for`",
        r"a window must end after|in the years 1970 to 8999|expected an instant",
        r"no step can follow it|never ends|another step must follow it|cannot go back from|progress must not decrease",
        r"does not fit into 64 bits",
        r"url: (?!must)",
        r"at goes with a bundle|a bundle has a scenario and a seed|bundle is refused|bundle must be base64",
    ),
}
_AT_ONCE = {"pace": {"first": 0, "every": 0, "size": 100}}
# Their jobs fail in the background. A failure of another operation's work would be the reply to its own request.
_IN_BACKGROUND = [f"{p.name}.{o.name}" for p in all_providers() for o in p.operations if o.links or o.states]


@dataclass
class Run:
    """The result of a run: the number of requests, and an example for each failure."""

    requests: int = 0
    failures: dict[str, str] = field(default_factory=dict)


def fuzz(name: str, *, seed: int, examples: int, without: tuple[str, ...] = ()) -> Run:
    """Test a new server with requests from a document. The same seed gives the same requests.

    `examples` is the number for each operation and for each sequence of linked operations. It does not limit the
    exhaustive phase, which is left out for the operations in `without`.
    """
    schemathesis.openapi.media_type("video/mp4", st.just(video(2_000, Seeded("fuzzing")).data))
    schema = schemathesis.openapi.from_dict(
        copy.deepcopy(document(name)), config=_config(name, seed, examples, without)
    )
    schema.app = Contract(
        create_app(Settings(allow_hosts=("testserver",)), scenario=_scenario(name), sender=Receivers())
    )
    schema.hooks.register_hook_with_name(_unexpected(name), "filter_failure")
    run = Run()
    try:
        for event in from_schema(schema).execute():
            if isinstance(event, events.FatalError):
                raise event.exception
            if isinstance(event, events.NonFatalError):
                run.failures[f"{event.label}: {event.value!r}"] = ""
            if isinstance(event, events.ScenarioFinished):
                run.requests += len(event.recorder.interactions)
                run.failures.update(_failures(event))
    finally:
        shutdown_lifespans()
    return run


def _config(name: str, seed: int, examples: int, without: tuple[str, ...]) -> SchemathesisConfig:
    keys = _keys(name)
    operations: list[dict[str, Any]] = [
        {"include-operation-id": o, "phases": {"coverage": {"enabled": False}}} for o in without
    ]
    # The server would wait in real time.
    operations.append({"include-operation-id": "list_deliveries", "parameters": {"wait": "1ms"}})
    # The stream of events never ends, and a client in the same process waits for its end.
    operations.append({"include-operation-id": "events", "enabled": False})
    # It reports mistakes with a 200: that is its purpose.
    checked: dict[str, Any] = {"negative_data_rejection": {"enabled": False}}
    operations.append({"include-operation-id": "check_scenario", "checks": checked})
    # A program that ends with an error is a 500: that is documented.
    ends: dict[str, Any] = {"not_a_server_error": {"enabled": False}}
    operations += [{"include-operation-id": each, "checks": ends} for each in ("run_js_code", "run_python_code")]
    operations += [{"include-path-regex": f"^{path}", "headers": _bearer(key)} for path, key in keys.items()]
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": f"http://testserver/{'_mock' if name == 'control' else name}",
            "workers": 1,
            "max-failures": 20,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "deterministic": True, "database": "none", "no-shrink": True},
            # With constants from the source code, every change of the code would change the requests of a seed.
            "analysis": {"constants": {"enabled": False}},
            "operations": operations,
        }
    )


def _scenario(name: str) -> dict[str, Any]:
    """Return a scenario without limits. Some jobs end immediately, and the others after two polls."""
    limits = dict.fromkeys(catalogue(all_providers()).limits)
    unfinished = [{"status": "queued", "polls": 1}, {"status": "running", "polls": 1, "progress": "0..90"}]
    return {
        "scenario": "contract",
        "clock": {"mode": "manual"},
        "accounts": [{"key": k, "plan": "enterprise", "credits": None, "limits": limits} for k in _keys(name).values()],
        "plans": {
            "default": {"steps": [*unfinished, {"status": "succeeded"}]},
            "fast": {"steps": [{"status": "succeeded"}]},
            "fails": {"steps": [{"status": "failed"}]},
        },
        "rules": [
            {"name": "some fail", "operation": _IN_BACKGROUND, "probability": "20%", "plan": "fails"},
            {"name": "some are fast", "operation": "*", "probability": "50%", "plan": "fast", "stream": _AT_ONCE},
            {"name": "at once", "operation": "*", "stream": _AT_ONCE},
        ],
    }


def _keys(name: str) -> dict[str, str]:
    return _KEYS.get(name, {"/": KEY})


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _unexpected(name: str) -> Callable[[Any, Failure, Any, Any], bool]:
    """Return a Schemathesis filter that keeps all failures except refusals by rules that the schema cannot state."""

    def filter_failure(context: Any, failure: Failure, case: Any, response: Any) -> bool:
        if isinstance(failure, RejectedPositiveData):
            text = response.content.decode("utf-8", "replace").replace("\\'", "'")
            return not any(re.search(rule, text) for rule in BEYOND_SCHEMA.get(name, ()))
        return True

    return filter_failure


def _failures(event: events.ScenarioFinished) -> Iterator[tuple[str, str]]:
    for case, checks in event.recorder.checks.items():
        for check in checks:
            if check.status == Status.FAILURE and check.failure_info is not None:
                failure = check.failure_info.failure
                response = event.recorder.interactions[case].response
                reply = "" if response is None else f"{response.status_code} {response.content[:300]!r}"
                text = f"{failure.operation}: {failure.title}: {failure.message}"
                yield text, f"{check.failure_info.code_sample[:1_000]}\n=> {reply}"
