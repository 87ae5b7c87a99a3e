"""The rules of a scenario: which requests get which plan, stream, reply or fault."""

from typing import Any

from pydantic import Field

from mockserver.core.scenario.conditions import Condition, WindowSpec
from mockserver.core.scenario.counts import NTH, PROBABILITY, TIMES, Counted, Nth, Times
from mockserver.core.scenario.faults import FaultSpec
from mockserver.core.scenario.streams import StreamSpec
from mockserver.core.scenario.values import Items, Names, Share, no_keys


class RuleSpec(Counted):
    """Gives matching requests a plan, a stream, a reply or a fault. The first rule that matches applies."""

    name: str = Field(min_length=1, max_length=200, description="a unique name, which the journal shows")
    operation: Names = Field(description="one or more operations as `provider.operation`; `*` matches any characters")
    when: dict[str, Condition] = Field(
        default_factory=no_keys,
        max_length=100,
        description="conditions on `body.NAME`, `query.NAME`, `header.NAME`, `path.NAME`, `account.NAME` or `input` "
        "(the URL or the prompt)",
    )
    item: Items | None = Field(
        default=None, description="only these items of a batch, from 1; `any` is every item, but not the batch itself"
    )
    during: WindowSpec | None = Field(default=None, description="only in this period of the sandbox's clock")
    nth: Nth | None = Field(default=None, description=NTH)
    times: Times | None = Field(default=None, description=TIMES)
    probability: Share | None = Field(default=None, description=PROBABILITY)
    plan: str | None = Field(default=None, description="the plan of the job; default: the plan named `default`")
    stream: StreamSpec | None = Field(default=None, description="the text of a streaming operation")
    reply: dict[str, Any] | None = Field(
        default=None, description="fields that are merged into the provider's own reply"
    )
    fault: FaultSpec | None = Field(default=None, description="how the request fails")
