"""One request of a collection."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

Kind = Literal["json", "form", "file"]
# The value of a variable until a reply, or the user, sets it.
UNKNOWN = "unknown"
_VARIABLE = re.compile(r"\{\{(\w+)\}\}")


class Request(NamedTuple):
    """One request. `{{name}}` in its URL and headers stands for a variable.

    `saves` are variables that the reply sets, with the place of the value in its body; `saves_from_location` are those
    with a parameter of the address in its header `Location`. `status` is the status of the reply with the default
    scenario; None if it depends on what was done before.
    """

    name: str
    method: str
    url: str
    headers: Mapping[str, str] = {}
    kind: Kind | None = None
    body: Any = None
    text: str = ""
    status: int | None = None
    saves: Mapping[str, str] = {}
    saves_from_location: Mapping[str, str] = {}

    @property
    def variables(self) -> Sequence[str]:
        """The names of the variables in it."""
        text = f"{self.url} {json.dumps([dict(self.headers), self.body])}"
        return list(dict.fromkeys(_VARIABLE.findall(text)))

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters in the URL."""
        return dict(parse_qsl(self.url.partition("?")[2]))

    @property
    def redirects(self) -> bool:
        """True if the reply is a redirect, which the client must not follow."""
        return self.status is not None and 300 <= self.status < 400


def as_text(body: Any) -> str:
    """Return a JSON body as it is shown in a collection."""
    return json.dumps(body, indent=2, ensure_ascii=False)
