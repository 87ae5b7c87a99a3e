"""Programs that verify the signature of a delivery, with its own body."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from mockserver.control.bodies import StrictRoute
from mockserver.control.dependencies import CurrentSandbox, ServerParts
from mockserver.control.errors import ControlError
from mockserver.control.parameters import Number, QueryModel, Segment
from mockserver.control.problems import WRONG_QUERY, problems
from mockserver.core.deliveries import Delivery
from mockserver.core.scenario import DEFAULT_SECRET
from mockserver.kit.models import Shape
from mockserver.kit.webhooks import Signature
from mockserver.sandbox.attempts import attempt_body

_PYTHON = """\
import hashlib
import hmac
import os

secret = {secret}
body = {body}
received = {received!r}

expected = "sha256=" + hmac.new(secret.encode(), body{signed}, hashlib.sha256).hexdigest()
print("valid" if hmac.compare_digest(expected, received) else "not valid")
"""
_NODE = """\
import {{ createHmac, timingSafeEqual }} from "node:crypto";

const secret = {secret};
const body = {body};
const received = {received};

const expected = "sha256=" + createHmac("sha256", secret).update(body){signed}.digest("hex");
const equal = expected.length === received.length && timingSafeEqual(Buffer.from(expected), Buffer.from(received));
console.log(equal ? "valid" : "not valid");
"""
_LARGEST = 65_536

router = APIRouter(tags=["records"], route_class=StrictRoute)


class AttemptQuery(QueryModel):
    """Which attempt."""

    attempt: Number | SkipJsonSchema[None] = Field(default=None, description="the number of an attempt")


class Verification(Shape):
    """How a receiver verifies the signature of an attempt: the headers, and programs that do it."""

    header: str
    timestamp_header: str | None
    description: str
    python: str
    node: str


@router.get(
    "/deliveries/{id}/verification",
    summary="Get programs that verify the signature of a delivery",
    responses={**WRONG_QUERY, **problems({404: "There is no such delivery, or it has no signature"})},
)
async def show_verification(
    id: Segment, query: Annotated[AttemptQuery, Query()], sandbox: CurrentSandbox, parts: ServerParts
) -> Verification:
    """By default for the last attempt. The programs read a secret that is not the default from WEBHOOK_SECRET."""
    delivery = await sandbox.store.get_delivery(id)
    if delivery is None:
        raise ControlError(404, f"There is no delivery {id!r} in the sandbox {sandbox.name!r}")
    provider = parts.provider(delivery.provider)
    attempts = [each for each in delivery.attempts if query.attempt in (None, each.number) and each.headers]
    headers = {name.lower(): value for name, value in attempts[-1].headers} if attempts else {}
    signature = provider.signature
    if signature is None or signature.header.lower() not in headers:
        raise ControlError(404, f"The delivery {id!r} has no attempt with a signature")
    body = attempt_body(delivery, attempts[-1].tampering, provider.stamped_field)[:_LARGEST]
    return _verification(delivery, signature, headers, body)


def _verification(delivery: Delivery, signature: Signature, headers: dict[str, str], body: bytes) -> Verification:
    received = headers[signature.header.lower()]
    seconds = headers.get(signature.timestamp_header.lower(), "") if signature.timestamp_header else ""
    is_default = delivery.secret == DEFAULT_SECRET
    values: dict[str, Any] = {"received": received}
    text = body.decode("utf-8", "replace")
    return Verification(
        header=signature.header,
        timestamp_header=signature.timestamp_header,
        description=signature.description,
        python=_PYTHON.format(
            secret=repr(DEFAULT_SECRET) if is_default else 'os.environ["WEBHOOK_SECRET"]',
            body=repr(text.encode()),
            signed=f" + {seconds.encode()!r}" if seconds else "",
            **values,
        ),
        node=_NODE.format(
            secret=_quoted(DEFAULT_SECRET) if is_default else "process.env.WEBHOOK_SECRET",
            body=_quoted(text),
            signed=f".update({_quoted(seconds)})" if seconds else "",
            received=_quoted(received),
        ),
    )


def _quoted(text: str) -> str:
    return json.dumps(text)
