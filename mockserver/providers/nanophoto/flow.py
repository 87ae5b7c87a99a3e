"""Jobs of NanoPhoto: an operation that starts one, and one that a client polls.

All products work alike; a `Flow` says what differs. The price is taken when the job starts, and given back once if it
fails. A job belongs to the account that started it: tasks of other accounts are unknown, generations are forbidden.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from mockserver.core.durations import parse
from mockserver.core.faults import Refusal
from mockserver.core.jobs import Job, State
from mockserver.core.match import Rule
from mockserver.core.plans import Plan, Status
from mockserver.core.stages import with_stages
from mockserver.core.verdict.declarations import Advised
from mockserver.kit.models import Shape
from mockserver.kit.operation_rows import assumed_defaults
from mockserver.kit.operations import Documented, Operation, Origin, Reply
from mockserver.providers.nanophoto.bodies import Request
from mockserver.providers.nanophoto.codes import PREFIX
from mockserver.providers.nanophoto.files import Facts
from mockserver.providers.nanophoto.replies import documented
from mockserver.wire.deviations import names_of
from mockserver.wire.exchange import Exchange

ID_LENGTH = 16
ABOUT_JOBS = (
    "Its price is taken when the job starts, and given back once if the job fails. Poll `{poll}` with `{id}` until the "
    "job has ended. Polls cost nothing and count against the hourly limit."
)
CANNOT_START = ("INSUFFICIENT_CREDITS", "GENERATION_FAILED")


class Style(NamedTuple):
    """How jobs look to clients: the field with their id and its start, their states, and the replies about them.

    `unknown` is the code for an id that does not exist, and `foreign` that for another account's, if it differs.
    `running_row` is the row of the ledger for the reply about a job that has not ended.
    """

    id_field: str
    id_prefix: str
    states: Mapping[Status, str]
    start_reply: Callable[[Exchange, Job], dict[str, Any]]
    state_reply: Callable[[Exchange, Job, State], dict[str, Any]]
    started_model: type[Shape]
    model: type[Shape]
    asset: str
    unknown: str
    foreign: str | None = None
    running_row: str = ""
    poll_every: Advised | None = None


class Flow(NamedTuple):
    """A product that NanoPhoto makes in the background.

    `price` returns its credits for a body, and `result` the facts of its file. `poll` is the body of a status request.
    `codes` are the errors of the first request, and `rows` and `poll_rows` the rows of the ledger for all replies.
    """

    name: str
    path: str
    summary: str
    style: Style
    body: type[Request]
    poll: type[Request]
    price: Callable[[Any], int]
    result: Callable[[Any], Facts]
    origin: Origin
    poll_origin: Origin
    example: Mapping[str, Any]
    codes: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    poll_rows: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    input: str = "prompt"
    tag: str = "videos"


def operations(flow: Flow) -> tuple[Operation, Operation]:
    """Return the two operations of a product."""
    style, start, check = flow.style, f"{flow.name}_generate", f"{flow.name}_check_status"
    missing = {"not_found": style.unknown} | ({"forbidden": style.foreign} if style.foreign else {})
    field, about = style.id_field, flow.summary.replace("Make", "Get the state of")
    return (
        Operation(
            start, "POST", f"{flow.path}/generate", partial(submit, flow), flow.summary,
            documented(Documented("The job has started", style.started_model), *CANNOT_START, *flow.codes), flow.body,
            input=(flow.input,), examples={"example": flow.example}, request_ledger_rows=rows_of_request,
            ledger_rows=flow.rows, paid=True, cost_row=f"rule.{flow.name}.price", states=style.states, errors=missing,
            origin=flow.origin, tag=flow.tag, description=ABOUT_JOBS.format(poll=check, id=field),
        ),
        Operation(
            check, "POST", f"{flow.path}/check-status", partial(poll, flow), about,
            documented(Documented("The state", style.model), "GENERATION_FAILED", *missing.values(),
                       *flow.poll.needed.values()),
            flow.poll, job_in=field, role="poll", asset=(style.asset,), ledger_rows=flow.poll_rows, errors=missing,
            uncounted="polls_not_counted", poll_every=style.poll_every, origin=flow.poll_origin,
            examples={"example": {field: f"{style.id_prefix}abc123"}}, tag=flow.tag,
        ),
    )  # fmt: skip


def rows_of_request(exchange: Exchange) -> Iterator[str]:
    """Yield the rows of the ledger for a request, in addition to those of its operation."""
    yield from assumed_defaults(exchange)
    names = names_of(exchange.operation.body)
    if names is not None and not names.known.issuperset(exchange.data):
        yield "rule.unknown_fields"


async def submit(flow: Flow, exchange: Exchange) -> Reply:
    """POST .../generate: take the price and start the job."""
    style, body = flow.style, exchange.body
    job_id = await exchange.ids.job(style.id_prefix, ID_LENGTH)
    plan, facts = plan_of(exchange, job_id, exchange.rule, flow.name), flow.result(body)
    if flow.stages:
        plan, facts = with_stages(plan, flow.stages), {**facts, "stages": flow.stages}
    request = body.model_dump(mode="json", by_alias=True, exclude_none=True)
    job = await exchange.jobs.submit(job_id, request=request, facts=facts, plan=plan, cost=flow.price(body))
    # It begins as the reply says, also if a scenario lets it end immediately.
    return Reply(body=style.start_reply(exchange, job), job=job.id, ledger_rows=(f"state.{style.states['queued']}",))


async def poll(flow: Flow, exchange: Exchange) -> Reply:
    """POST .../check-status: return the state of a job of this account."""
    style = flow.style
    job = await own_job(exchange, exchange.data[style.id_field], f"{flow.name}_generate", style.foreign is not None)
    state = job.at(exchange.now)
    await exchange.jobs.poll(job, state)
    check_failure(exchange, job.id, state)
    rows = (style.running_row,) if style.running_row and not state.terminal else ()
    return exchange.job_reply(200, style.state_reply(exchange, job, state), job, state, *rows)


def plan_of(exchange: Exchange, job_id: str, rule: Rule | None, product: str) -> Plan:
    """Return the plan of a job: the rule's, or the plan of the scenario that has the name of the product."""
    own = f"{exchange.provider.name}.{product}"
    named = rule.plan if rule is not None and rule.plan is not None else None
    program = exchange.sandbox.program
    return exchange.sandbox.plan_for(job_id, named or (own if own in program.plans else None))


async def own_job(exchange: Exchange, job_id: str, operation: str, reveals: bool = False) -> Job:
    """Return a job of the account that the operation started. Raises Refusal `not_found`.

    With `reveals` it is `forbidden` if the job belongs to another account.
    """
    provider, account = exchange.provider.name, exchange.account.id
    for job in await exchange.sandbox.store.find_jobs(job_id):
        if (job.provider, job.operation) == (provider, operation):
            if job.account == account:
                check_lifetime(exchange, job)
                return job
            if reveals:
                raise Refusal("forbidden", note=f"{job_id} belongs to another account")
    raise Refusal("not_found", note=f"{exchange.account.key} has no job {job_id!r}")


def check_lifetime(exchange: Exchange, job: Job) -> None:
    """Refuse a job that is older than the scenario allows."""
    lifetime = exchange.option("task_lifetime")
    if lifetime is not None and exchange.now - job.created_at >= parse(lifetime):
        raise Refusal("not_found", note=f"the job {job.id} has expired", job=job.id, ledger_rows=("rule.task_expired",))


def check_failure(exchange: Exchange, job_id: str, state: State) -> None:
    """Refuse the poll of a failed job, if the scenario wants that."""
    if state.terminal and state.status != "succeeded" and exchange.option("failed_poll") == 500:
        raise Refusal(
            f"{PREFIX}GENERATION_FAILED", error_of(state), job=job_id, ledger_rows=("rule.failed_poll_is_500",)
        )


def error_of(state: State, default: str = "Video generation failed") -> str:
    """Return the message about a job that has failed."""
    return state.step.error or default


def seconds_of(job: Job, state: State) -> int:
    """Return how long a job took, in seconds."""
    return (state.entered_at - job.created_at) // 1000
