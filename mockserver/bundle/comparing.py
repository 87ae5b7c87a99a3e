"""Compares replies with those of a bundle, and explains the differences."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from mockserver.core.journal import JournalEntry

# A masked credential, as `core.masking` writes it.
_MASKED = re.compile(r"[^\s\"',:;&=/]{0,6}\.\.\.[0-9a-f]{6}")
_SHOWN = 60
_REFUSED = (401, 403)


class Compared(NamedTuple):
    """One recorded request after a replay. Its reply is identical or differs, or it was not sent; `why` explains it."""

    number: int
    operation: str
    sent: bool = True
    differences: tuple[str, ...] = ()
    why: str | None = None

    @property
    def identical(self) -> bool:
        """True if the reply was the same, byte by byte."""
        return self.sent and not self.differences


class Renaming(NamedTuple):
    """The prefixes of paths that name the recorded sandbox and the one of the replay. Links contain them."""

    recorded: bytes
    here: bytes

    @classmethod
    def of(cls, recorded: str, here: str) -> "Renaming":
        """Return the renaming between two names of sandboxes."""
        return cls(*(b"" if name == "default" else b"/~" + name.encode() for name in (recorded, here)))

    def undone(self, body: bytes) -> bytes:
        """Return a body with the links of the recorded sandbox."""
        if self.recorded == self.here or not self.here:
            return body
        return body.replace(self.here + b"/", self.recorded + b"/")


def differences(recorded: JournalEntry, replayed: JournalEntry, renaming: Renaming) -> tuple[str, ...]:
    """Return in what a reply differs from the recorded one, as texts for people. Both are masked."""
    found = [
        f"{what}: {there!r} was recorded, now {here!r}"
        for what, there, here in (
            ("status", recorded.status, replayed.status),
            ("sent", _sent(recorded), _sent(replayed)),
            ("job", recorded.job, replayed.job),
        )
        if there != here
    ]
    body = renaming.undone(replayed.reply)
    if body != recorded.reply:
        found.append(_body(recorded.reply, body))
    return (*found, *_headers(recorded, replayed, links=body != replayed.reply))


def _sent(entry: JournalEntry) -> str:
    # A client that disconnects before anything is sent gets nothing.
    return "none" if entry.status is None else entry.delivered


def _headers(recorded: JournalEntry, replayed: JournalEntry, *, links: bool) -> list[str]:
    there, here = _by_name(recorded), _by_name(replayed)
    return [
        f"header {name}: {there.get(name)!r} was recorded, now {here.get(name)!r}"
        for name in dict.fromkeys((*there, *here))
        # With other links a body has another length.
        if there.get(name) != here.get(name) and not (links and name == "content-length")
    ]


def _by_name(entry: JournalEntry) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for raw, value in entry.reply_headers:
        name = raw.decode("latin-1").lower()
        headers[name] = f"{headers[name]}, {value.decode('latin-1')}" if name in headers else value.decode("latin-1")
    return headers


def _body(recorded: bytes, now: bytes) -> str:
    at = next((i for i, (a, b) in enumerate(zip(recorded, now, strict=False)) if a != b), min(len(recorded), len(now)))
    start = max(0, at - 20)
    there, here = (body[start : start + _SHOWN].decode("utf-8", "replace") for body in (recorded, now))
    return f"body, at byte {at}: {there!r} was recorded, now {here!r}"


class Reasons(NamedTuple):
    """What explains differences.

    `lost_jobs` are jobs that do not exist, by the number of the request that was not sent. `not_sent` are the numbers
    of such requests, and `changes` the changes through the control API that failed. `renamed` are jobs whose id is
    another one. `incomplete` is true if the oldest entries are missing, `missing` are receivers without an answer, and
    `options` are those of the server that are not as recorded. `times` are the machine's times at the start and the end
    of requests, by their numbers, and `created` the numbers of the requests that created jobs.
    """

    lost_jobs: Mapping[str, int]
    not_sent: Collection[int]
    changes: Sequence[str]
    renamed: Mapping[str, str]
    incomplete: bool
    missing: Sequence[str]
    options: Sequence[str]
    version: str
    real: bool
    times: Mapping[int, tuple[int, int]]
    created: Mapping[str, int]

    def why(self, entry: JournalEntry, replayed: JournalEntry | None, *, by_token: bool) -> str:
        """Return the most likely reason why the reply to this request differs. `replayed` is the entry of the replay.

        `by_token` is true if the request was made with an access token.
        """
        status, fault = (None, entry.fault) if replayed is None else (replayed.status, replayed.fault)
        overlapping = next((number for number, when in self.times.items() if _overlap(number, when, entry)), None)
        follows = entry.job in self.renamed and self.created.get(entry.job or "") != entry.number
        earlier = [number for number in self.not_sent if number < entry.number]
        refused = entry.account is not None and status in _REFUSED and entry.status not in _REFUSED
        lost = next((job for job in self.lost_jobs if job == entry.job or job in (entry.path or "")), None)
        reasons = (
            (lost, f"its job {lost} was created by #{self.lost_jobs.get(lost or '')}, which was not sent"),
            (self.options, f"this server runs with other options: {', '.join(self.options)}"),
            (
                entry.fault is not None and fault is None,
                f"its fault ({entry.fault}) came from outside of the scenario, as in a sweep",
            ),
            (by_token, "it was sent with the key of the account instead of an access token, which is masked"),
            (refused, "its key is masked, and too short to begin like a key of the provider when it is masked"),
            (_has_masked(entry), "a value in the request is masked, and what the reply says follows from it"),
            (earlier, f"#{', #'.join(map(str, earlier[:3]))} could not be sent, and what that did is missing"),
            (self.changes, f"a change could not be made again: {', '.join(self.changes[:1])}"),
            (self.incomplete, "the oldest entries of the journal are not in the bundle, nor what they created"),
            (follows, "an earlier job has another id in the replay"),
            (overlapping, f"it came at the same time as #{overlapping}, and the journal does not have their order"),
            (self.renamed, "an earlier job has another id in the replay"),
            (self.missing, f"the bundle has no answer of the receiver {', '.join(self.missing[:1])}"),
            (self.version, f"the bundle was written by mockserver {self.version}"),
            (self.real, "the clock ran while the sandbox worked, so an event may have been some milliseconds later"),
        )
        return next((reason for applies, reason in reasons if applies), "no reason is known; please report it")


def _overlap(number: int, when: tuple[int, int], entry: JournalEntry) -> bool:
    own = times_of(entry)
    return number != entry.number and when[0] <= own[1] and own[0] <= when[1]


def times_of(entry: JournalEntry) -> tuple[int, int]:
    """Return the machine's times at the start and the end of a request, in milliseconds."""
    return entry.real or (entry.at, entry.written_at)


def _has_masked(entry: JournalEntry) -> bool:
    texts = (entry.request.decode("utf-8", "replace"), entry.path or "", entry.query)
    return any(_MASKED.search(text) for text in texts)
