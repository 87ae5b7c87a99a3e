"""The watermark remover: one request that returns the link of a clean video."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from mockserver.core.faults import Refusal
from mockserver.core.plans import Plan
from mockserver.kit.operation_rows import OWN_LIMIT
from mockserver.kit.operations import Deferred, Documented, Operation, Origin, Reply
from mockserver.providers.nanophoto import files
from mockserver.providers.nanophoto.bodies import Request
from mockserver.providers.nanophoto.codes import PREFIX
from mockserver.providers.nanophoto.flow import ID_LENGTH, error_of, rows_of_request
from mockserver.providers.nanophoto.replies import CleanVideo, documented
from mockserver.wire.exchange import Exchange
from mockserver.wire.work import due_of, steps_of

_NAME_LENGTH = 32
_SECONDS, _LINES = 10, 720
_SHARED = "sora.chatgpt.com/p/"
_PATTERN = r"sora\.chatgpt\.com/p/"


def _is_shared(value: str) -> str:
    if _SHARED not in value:
        raise PydanticCustomError("INVALID_SHARE_LINK", f"share_link must contain {_SHARED}")
    return value


class ShareLink(Request):
    """A video of Sora 2 to clean."""

    needed: ClassVar[Mapping[str, str]] = {"share_link": "MISSING_SHARE_LINK"}
    share_link: Annotated[str, AfterValidator(_is_shared), OWN_LIMIT] = Field(
        max_length=2_048, description="a link to a video of Sora 2", json_schema_extra={"pattern": _PATTERN}
    )


async def remove_watermark(exchange: Exchange) -> Deferred:
    """POST /api/sora/remove-watermark."""
    unique = await exchange.ids.job("", ID_LENGTH)
    job_id = exchange.seeded.hexadecimal(_NAME_LENGTH, "clean", exchange.account.id, unique)
    work, cost = steps_of(exchange, job_id), exchange.option("watermark_credits", 0)
    facts = files.video(files.CLEAN, _SECONDS, _LINES, portrait=True)
    request = {"share_link": exchange.body.share_link}
    job = await exchange.jobs.submit(
        job_id, request=request, facts=facts, plan=Plan("remove_watermark", work), cost=cost
    )
    sandbox = exchange.sandbox

    async def finished() -> Reply:
        now = sandbox.clock.now()
        await sandbox.settling.settle(now)
        if work[-1].status != "succeeded":
            raise Refusal(f"{PREFIX}GENERATION_FAILED", error_of(job.at(now)), scripted=True, job=job_id)
        body = {"success": True, "status": "completed", "url": files.url(exchange, job)}
        return Reply(body=body, job=job_id, ledger_rows=("rule.priced_watermark",) if cost else ())

    return Deferred(due_of(work, exchange.now), finished, None, job_id)


OPERATION = Operation(
    "remove_watermark", "POST", "/api/sora/remove-watermark", remove_watermark, "Remove the watermark of a Sora video",
    documented(Documented("The clean video", CleanVideo), "MISSING_SHARE_LINK", "INVALID_SHARE_LINK",
               "GENERATION_FAILED", "INSUFFICIENT_CREDITS"),
    ShareLink, input=("share_link",), request_ledger_rows=rows_of_request, role="submit", immediate=True, tag="videos",
    examples={"example": {"share_link": "https://sora.chatgpt.com/p/s_68e83bd7eee88191be79d2ba7158516f"}},
    origin=Origin("watermark_reference", "Request Body", "test_nanophoto_family.py::test_a_watermark_is_removed"),
)  # fmt: skip
