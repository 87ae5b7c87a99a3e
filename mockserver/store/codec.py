"""The encodings of all values that stores keep, as plain data (see `records`). Nothing is pickled.

`VERSION` is the version of these encodings. It grows when a reader of an older version would read a record wrongly,
which adding a field does not cause.
"""

from collections.abc import Mapping

from mockserver.core.credits import CreditEntry
from mockserver.core.deliveries import Attempt, Delivery, Replay
from mockserver.core.durations import Span
from mockserver.core.jobs import Job, State
from mockserver.core.journal import JournalEntry, Turn
from mockserver.core.limits import Counter, Limit, Usage
from mockserver.core.match import Miss
from mockserver.core.plans import Plan, Step
from mockserver.core.scenario import TamperingSpec
from mockserver.store.records import (
    BYTE_PAIRS,
    BYTES,
    PAIRS,
    TUPLE,
    Encoding,
    Leaf,
    Many,
    ModelRecord,
    Optional,
    Record,
    Remembered,
)

VERSION = 1

SPAN = Record(Span)
STEP = Record(Step, {"lasts": Optional(SPAN), "progress": TUPLE})
PLAN = Record(Plan, {"steps": Many(STEP)})
JOB = Record(Job, {"plan": Remembered(PLAN)})
STATE = Record(State, {"step": STEP})

ATTEMPT = Record(Attempt, {"headers": PAIRS, "reply": BYTES, "reply_headers": PAIRS, "tampering": TUPLE})
REPLAY = Record(Replay)
_ANSWER = Leaf(list, lambda data: (data[0], BYTES.decode(data[1])))
DELIVERY = Record(
    Delivery,
    {
        "body": BYTES,
        "schedule": TUPLE,
        "attempts": Many(ATTEMPT),
        "headers": PAIRS,
        "tampering": Optional(ModelRecord(TamperingSpec)),
        "answer": _ANSWER,
        "replay": Optional(REPLAY),
    },
)

LIMIT = Record(Limit)
USAGE = Record(Usage, {"limit": LIMIT})
MISS = Record(Miss)
MISSES = Many(MISS)
_ENTRY_FIELDS: Mapping[str, Encoding] = {
    "rests_on": TUPLE,
    "deviations": TUPLE,
    "request": BYTES,
    "reply": BYTES,
    "headers": PAIRS,
    "usage": Optional(USAGE),
    "real": TUPLE,
    "reply_headers": BYTE_PAIRS,
    "turn": Optional(Record(Turn)),
}
# Each store measures the entries that it keeps itself, so the size is not encoded.
ENTRY = Record(JournalEntry, {**_ENTRY_FIELDS, "misses": MISSES, "others": MISSES}, leave_out=("size", "is_own"))
# An entry without the rules that did not match, for records that share these.
ENTRY_ALONE = Record(JournalEntry, _ENTRY_FIELDS, leave_out=("size", "is_own", "misses", "others"))

COUNTER = Record(Counter)
CREDIT_ENTRY = Record(CreditEntry)
