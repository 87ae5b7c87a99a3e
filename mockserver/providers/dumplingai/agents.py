"""Agents: POST /api/v1/agents/generate-completion. A thread remembers what was asked in it."""

import json
from typing import Annotated, Any, Literal

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.kit.models import Body
from mockserver.kit.operations import Reply
from mockserver.providers.dumplingai import pages
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.inputs import Unset
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

_PER_THOUSAND, _KEPT, _SHOWN = 10, 40, 2_000


class Message(Body):
    """A message of the conversation."""

    role: Literal["user", "assistant"]
    content: str = Field(max_length=100_000)


class GenerateCompletion(Sourced):
    """A conversation with an agent."""

    messages: Annotated[list[Message], Field(min_length=1, max_length=100)]
    agent_id: Annotated[str, Field(min_length=1, max_length=100)] = Field(alias="agentId")
    parse_json: bool = Field(default=False, alias="parseJson", description="true: the reply is also parsed as JSON")
    thread_id: Unset = Field(default=None, alias="threadId", description="of an earlier reply")


async def generate_completion(exchange: Exchange, body: GenerateCompletion) -> Task:
    """Return the reply of an agent to the last message, and remember both in the thread."""
    from mockserver.content.web.replies import reply, tokens

    known: list[str] | None = exchange.option("agents")
    if known is not None and body.agent_id not in known:
        raise Refusal("not_found", "Agent not found", row="no_such_agent")
    thread, before = await _thread(exchange, body)
    questions = [*before, *(message.content for message in body.messages if message.role == "user")]
    question = questions[-1] if questions else body.messages[-1].content
    seeded = pages.web(exchange).child("agent", body.agent_id)
    text = reply(seeded, question, questions[:-1][-3:], as_json=body.parse_json)
    prompt, completion = tokens("\n".join([*before, *(m.content for m in body.messages)])), tokens(text)
    credits = -(-(prompt + completion) // 1000) * _PER_THOUSAND

    async def remember() -> None:
        kept = [each[:_SHOWN] for each in questions[-_KEPT:]]
        await exchange.sandbox.store.put_value(_kind(exchange), thread, kept)

    usage = {"promptTokens": prompt, "completionTokens": completion, "totalTokens": prompt + completion}
    answer = {
        "parsedJson": _parsed(text) if body.parse_json else None, "text": text, "stepsTaken": 1,
        "steps": [{"text": text, "toolCalls": [], "toolResults": [], "finishReason": "stop", "usage": usage}],
        "tokenUsage": usage,
        "creditUsage": credits, "threadId": thread,
    }  # fmt: skip
    return Task(credits, answer, save=remember)


async def _thread(exchange: Exchange, body: GenerateCompletion) -> tuple[str, list[str]]:
    """Return the id of the thread, and what was asked in it. Raises Refusal `not_found` for an unknown one."""
    if body.thread_id is None:
        return await exchange.ids.job("thread_", 24), []
    before = await exchange.sandbox.store.get_value(_kind(exchange), body.thread_id, exchange.now)
    if before is None:
        raise Refusal("not_found", "Thread not found", row="no_such_thread")
    return body.thread_id, list(before)


def _kind(exchange: Exchange) -> str:
    return f"dumplingai.thread:{exchange.account.id}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _forbidden(refusal: Refusal) -> Reply | None:
    """Return the reply of an agent if the credits are used up: the page has a 403 (FACTS section 7)."""
    if refusal.kind != "insufficient_credits":
        return None
    message = refusal.message if refusal.scripted and refusal.message else "Insufficient credits"
    return Reply(403, {"error": message}, ledger_rows=("error.no_credits_for_agents",), note=str(refusal))


OPERATIONS = (v1("generate_completion", generate_completion, GenerateCompletion, error_reply=_forbidden),)
