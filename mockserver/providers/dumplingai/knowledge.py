"""Knowledge bases: /api/v1/knowledge-bases/add and /query, which were retired in December 2025."""

from typing import Annotated

from pydantic import Field

from mockserver.core.faults import Refusal
from mockserver.core.instants import rfc3339_with_millis
from mockserver.providers.dumplingai.declare import v1
from mockserver.providers.dumplingai.models import Sourced
from mockserver.providers.dumplingai.work import Task
from mockserver.wire.exchange import Exchange

_QUERY, _PER_STEP, _STEP = 10, 10, 10_000
_ROWS = ("rule.knowledge_bases",)
_MOST = 500  # resources that are searched
Id = Annotated[str, Field(min_length=1, max_length=100, alias="knowledgeBaseId")]


class QueryKnowledgeBase(Sourced):
    """A question to a knowledge base."""

    base: Id
    query: str = Field(min_length=1, max_length=4_000)
    count: int = Field(default=5, ge=1, le=100, alias="resultCount")


class AddToKnowledgeBase(Sourced):
    """A text for a knowledge base."""

    base: Id
    name: str = Field(min_length=1, max_length=300)
    content: str = Field(min_length=1, max_length=200_000)


async def query(exchange: Exchange, body: QueryKnowledgeBase) -> Task:
    """Return the passages of a knowledge base that fit a question best."""
    from mockserver.content.web.replies import passages, similarity

    _check(exchange)
    resources = await exchange.sandbox.store.values(_kind(exchange), exchange.now)
    own = [(key, kept) for key, kept in resources.items() if kept["base"] == body.base][-_MOST:]
    rows = [
        {"id": f"{key}_{n}", "content": text, "resource_name": kept["name"], "similarity": similarity(body.query, text)}
        for key, kept in own
        for n, text in enumerate(passages(kept["content"]))
    ]
    return Task(_QUERY, sorted(rows, key=lambda each: -each["similarity"])[: body.count], _ROWS)


async def add(exchange: Exchange, body: AddToKnowledgeBase) -> Task:
    """Add a text to a knowledge base."""
    _check(exchange)
    key = await exchange.ids.job("res_", 20)
    at = rfc3339_with_millis(exchange.now)

    async def keep() -> None:
        kept = {"base": body.base, "name": body.name, "content": body.content}
        await exchange.sandbox.store.put_value(_kind(exchange), key, kept)

    added = {
        "id": key,
        "name": body.name,
        "mimeType": "text/plain",
        "size": len(body.content.encode()),
        "knowledgeBaseId": body.base,
        "content": body.content,
        "characterCount": len(body.content),
        "createdAt": at,
        "updatedAt": at,
    }
    return Task(-(-len(body.content) // _STEP) * _PER_STEP, added, _ROWS, status=201, save=keep)


def _check(exchange: Exchange) -> None:
    if not exchange.option("knowledge_bases", False):
        raise Refusal("not_found", "Knowledge base not found", row="no_knowledge_bases")


def _kind(exchange: Exchange) -> str:
    return f"dumplingai.knowledge:{exchange.account.id}"


OPERATIONS = (
    v1("query_knowledge_base", query, QueryKnowledgeBase),
    v1("query_knowledge_base_older", query, QueryKnowledgeBase),
    v1("add_to_knowledge_base", add, AddToKnowledgeBase),
)
