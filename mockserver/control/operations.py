"""The operations of the control API, declared as those of a provider are."""

from pydantic import BaseModel

from mockserver.control import coverage, documents, jobs, models, outgoing, queries, replies, sandboxes
from mockserver.core.scenario import Scenario
from mockserver.kit.operations import Documented, Operation

_DONE = {204: Documented("Done")}
_WRONG = (400, "A query parameter is wrong")


def _ok(model: type[BaseModel], description: str = "", *more: tuple[int, str]) -> dict[int, Documented]:
    told = description or (model.__doc__ or "").partition("\n")[0].rstrip(".")
    return {200: Documented(told, model), **_refused(*more)}


def _refused(*more: tuple[int, str]) -> dict[int, Documented]:
    return {status: Documented(text, replies.Problem, replies.PROBLEM) for status, text in more}


def _listed(model: type[BaseModel], *more: tuple[int, str]) -> dict[int, Documented]:
    return _ok(model, "", _WRONG, *more)


def operations() -> tuple[Operation, ...]:
    """Every operation of the control API."""
    return (*_server(), *_sandboxes(), *_jobs(), *_accounts(), *_records())


def _server() -> tuple[Operation, ...]:
    return (
        Operation(
            "health", "GET", "/health", sandboxes.health, "Whether the server is alive", _ok(replies.Health),
            tag="server",
        ),
        Operation(
            "ready", "GET", "/ready", sandboxes.ready, "Whether the server is ready for requests",
            _ok(replies.Readiness), tag="server",
        ),
        Operation(
            "show_document", "GET", "/openapi/{name}", documents.show, "The OpenAPI document of an API",
            _ok(replies.OpenApi, "The document", (404, "There is no such document")), tag="server",
            description="`name` is a provider's name, or `control`. The first server is this one, as you reach it.",
        ),
        Operation(
            "list_sandboxes", "GET", "/sandboxes", sandboxes.list_sandboxes, "List the sandboxes",
            _ok(replies.SandboxList), tag="sandboxes",
        ),
        Operation(
            "create_sandbox", "POST", "/sandboxes", sandboxes.create_sandbox, "Create a sandbox",
            {
                201: Documented("Created", replies.SandboxView),
                **_refused(
                    (404, "There is no such scenario"), (409, "There is a sandbox of that name"),
                    (429, "There are as many sandboxes as there may be"),
                ),
            },
            models.NewSandbox, tag="sandboxes", links={"delete": ("delete_sandbox", "name", "/name")},
            examples={"named": {"name": "ci-1", "scenario": "default", "seed": 7}, "any": {}},
        ),
        Operation(
            "delete_sandbox", "DELETE", "/sandboxes/{name}", sandboxes.delete_sandbox, "Delete a sandbox",
            {**_DONE, **_refused((404, "There is no such sandbox"), (409, "`default` always exists"))}, tag="sandboxes",
        ),
    )  # fmt: skip


def _sandboxes() -> tuple[Operation, ...]:
    return (
        Operation(
            "list_scenarios", "GET", "/scenarios", sandboxes.list_scenarios, "List the scenarios",
            _ok(replies.ScenarioList), tag="sandbox",
        ),
        Operation(
            "show_scenario", "GET", "/scenario", sandboxes.show_scenario, "The active scenario",
            _ok(Scenario, "The scenario, with what it extends laid out"), tag="sandbox",
        ),
        Operation(
            "use_scenario", "PUT", "/scenario", sandboxes.use_scenario, "Switch to another scenario",
            _ok(replies.ScenarioUsed, "", (404, "There is no such scenario")), models.ScenarioChange, tag="sandbox",
            description="By name, or with a scenario of your own as JSON or YAML. Jobs that began keep their plans.",
            examples={"by name": {"name": "default"}, "your own": {"scenario": "mine", "extends": "default"}},
        ),
        Operation(
            "show_clock", "GET", "/clock", sandboxes.show_clock, "The time, and what happens next",
            _ok(replies.ClockView), tag="sandbox",
        ),
        Operation(
            "change_clock", "POST", "/clock", sandboxes.change_clock, "Move or change the clock",
            _ok(replies.ClockMoved, "", (404, "There is no such job"), (409, "Time alone does not end the job")),
            models.ClockChange, tag="sandbox",
            description="Answers when everything that falls due on the way is done, in order of time.",
            examples={
                "by a duration": {"advance": "15s"}, "to the next event": {"to": "next"},
                "sixty times faster": {"mode": "scaled", "speed": 60},
            },
        ),
        Operation(
            "reset", "POST", "/reset", sandboxes.reset, "Clear state", _DONE, models.Reset, tag="sandbox",
            examples={"everything": {}, "jobs": {"what": "jobs"}},
        ),
    )  # fmt: skip


def _jobs() -> tuple[Operation, ...]:
    lost = ((404, "There is no such job"), (409, "Several accounts have such a job: say which provider"))
    return (
        Operation(
            "list_jobs", "GET", "/jobs", jobs.list_jobs, "List jobs, newest first",
            _listed(replies.JobList, (404, "There is no such provider")), query=queries.JobsQuery, tag="jobs",
        ),
        Operation(
            "show_job", "GET", "/jobs/{id}", jobs.show_job, "One job",
            _ok(replies.JobView, "The job", _WRONG, *lost), query=queries.OfProvider, tag="jobs",
        ),
        Operation(
            "change_job", "POST", "/jobs/{id}", jobs.change_job, "Force or release a job",
            _ok(
                replies.JobView, "The job as it is now",
                (404, "There is no such job"), (409, "Its status cannot become that, or nothing holds it"),
            ),
            models.JobChange, query=queries.OfProvider, tag="jobs",
            examples={"force": {"status": "failed", "error": "The video is too long"}, "release": {"release": True}},
        ),
    )  # fmt: skip


def _accounts() -> tuple[Operation, ...]:
    unknown = (404, "There is no such provider")
    return (
        Operation(
            "show_account", "GET", "/accounts/{key}", jobs.show_account, "An account",
            _ok(replies.AccountList, "", _WRONG, unknown), query=queries.OfProvider, tag="accounts",
        ),
        Operation(
            "change_account", "PATCH", "/accounts/{key}", jobs.change_account, "Change an account",
            _ok(replies.AccountList, "The account as it is now", unknown), models.AccountChange,
            query=queries.OfProvider, tag="accounts",
            examples={"credits": {"credits": 5}, "limits": {"plan": "free", "limits": {"requests_per_minute": 1}}},
        ),
        Operation(
            "list_faults", "GET", "/faults", jobs.list_faults, "List armed faults", _ok(replies.FaultList), tag="faults"
        ),
        Operation(
            "arm_fault", "POST", "/faults", jobs.arm_fault, "Arm a fault",
            {201: Documented("Armed", replies.ArmedFaultView)}, models.ArmedFault, tag="faults",
            examples={"next request": {"fault": {"kind": "server_error"}}},
        ),
        Operation(
            "disarm_faults", "DELETE", "/faults", jobs.disarm_faults, "Disarm all faults", _DONE, tag="faults"
        ),
    )  # fmt: skip


def _records() -> tuple[Operation, ...]:
    return (
        Operation(
            "journal", "GET", "/journal", jobs.journal, "What happened, newest first",
            _listed(replies.Journal, (404, "There is no such provider")), query=queries.JournalQuery, tag="records",
        ),
        Operation(
            "list_deliveries", "GET", "/deliveries", outgoing.list_deliveries, "Outgoing calls",
            _listed(replies.DeliveryList, (404, "There is no such provider")), query=queries.DeliveriesQuery,
            tag="records", description="With `wait` it answers as soon as a delivery out of these has ended.",
        ),
        *_coverage(),
        Operation(
            "replay_delivery", "POST", "/deliveries/{id}/replay", outgoing.replay_delivery, "Send it again",
            {
                202: Documented("Due again", replies.Replayed),
                **_refused((404, "There is no such delivery"), (409, "An attempt of it is under way")),
            },
            models.ReplayTo, tag="records", description="The same event and bytes as a new attempt, signed anew.",
            examples={"the same receiver": {}, "another receiver": {"url": "http://127.0.0.1:9000/hook"}},
        ),
    )  # fmt: skip


def _coverage() -> tuple[Operation, ...]:
    unknown = (404, "There is no such sandbox")
    return (
        Operation(
            "show_coverage", "GET", "/coverage", coverage.show_coverage, "Which behaviours clients have met",
            _ok(coverage.Coverage, "", _WRONG, unknown), query=queries.OfSandbox, tag="records",
            description="Of the whole server, whichever sandbox the request is in, or of one. No reset forgets it.",
        ),
        Operation(
            "forget_coverage", "DELETE", "/coverage", coverage.forget_coverage, "Count anew which behaviours are met",
            {**_DONE, **_refused(_WRONG, unknown)}, query=queries.OfSandbox, tag="records",
        ),
    )  # fmt: skip
