"""The files of released versions can still be opened, and the encodings in them keep what they do not know."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mockserver.core.deliveries import Attempt, Delivery, Replay
from mockserver.core.jobs import Job
from mockserver.core.journal import JournalEntry
from mockserver.core.limits import Limit, Usage
from mockserver.core.match import Miss
from mockserver.core.scenario import TamperingSpec
from mockserver.store import codec
from mockserver.store.records import plain_data, plain_text
from mockserver.store.sqlite.file import StoreFile
from mockserver.store.sqlite.schema import VERSION
from mockserver.store.sqlite.store import SqliteStore
from tests.kept import Kept
from tests.stored_file import essentials
from tests.test_persist import GENERATE, HOOKED, views

pytest.register_assert_rewrite("tests.store_contract")

from tests.store_contract.samples import HELD, RENDER, T0, delivery, job  # noqa: E402

STORES = Path(__file__).parent / "stores"
FILES = sorted(STORES.glob("*.db"))


def test_there_is_a_file_of_this_version() -> None:
    assert FILES
    assert FILES[-1].stem == f"v{VERSION}"


@pytest.mark.parametrize("stored", FILES, ids=lambda file: file.stem)
async def test_the_file_of_a_released_version_is_opened(stored: Path, tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    shutil.copy(stored, file)
    expected = json.loads(stored.with_suffix(".json").read_text("utf-8"))
    async with Kept(file, **HOOKED) as server:
        for prefix, shown in expected.items():
            assert json.loads(json.dumps(essentials(await views(server, prefix)))) == shown
        await server.post(GENERATE, {"prompt": "one more"})


FULL_DELIVERY = replace(
    delivery("d"), body=b"\xff\x00", tampering=TamperingSpec.model_validate({"delay": "5s", "attempts": [1]}),
    answer=(200, b"{}"), replay=Replay("http://x.test/", None, "pending"), extra={"a": [1]},
    attempts=(Attempt(1, T0, (("Host", "x"),), "response", 200, b"\xfe", tampering=("lost",)),),
)  # fmt: skip
FULL_ENTRY = JournalEntry(
    "request", T0, 3, T0 + 5, 1, "v2p", "v2p.make", "v2p:k1", "POST", "/v1", "a=1", 202, "j", "rule", (Miss("r", "f"),),
    ("a.b",), (Miss("o", "g"),), "note", ("unknown field",), b"{}", b"\xff", (("host", "x"),), {"chunks": [[1, 2]]}, 9,
    0, "part", Usage(Limit("requests", "minute", 3), 1, T0), T0, "digest", (T0, T0), ((b"date", b"\xff"),), "reset",
)  # fmt: skip


@pytest.mark.parametrize(
    ("record", "value"),
    [
        (codec.JOB, job("j", RENDER, cost=5, effects="each")),
        (codec.JOB, job("ж", HELD).polled(T0)),
        (codec.DELIVERY, delivery("d")),
        (codec.DELIVERY, FULL_DELIVERY),
        (codec.ENTRY, JournalEntry("clock", T0)),
        (codec.ENTRY, FULL_ENTRY),
    ],
)
def test_a_value_is_the_same_after_it_was_encoded_as_text(record: Any, value: Any) -> None:
    text = plain_text(record.encode(value))
    assert record.decode(plain_data(text)) == value
    assert record.unknown(plain_data(text)) == {}


def test_fields_of_a_newer_version_survive() -> None:
    data: dict[str, Any] = plain_data(plain_text(codec.DELIVERY.encode(FULL_DELIVERY)))
    data["region"] = "eu"
    data["attempts"][0]["trace"] = {"id": 7}
    data["replay"]["reason"] = "asked"
    data["tampering"]["shuffle"] = True
    value, unknown = codec.DELIVERY.decode(data), codec.DELIVERY.unknown(data)
    assert value == FULL_DELIVERY
    assert plain_data(plain_text(codec.DELIVERY.encode(value, unknown))) == data
    changed = codec.DELIVERY.encode(replace(value, event="other", replay=None), unknown)
    assert (changed["region"], changed["event"], "replay" in changed) == ("eu", "other", False)
    assert changed["attempts"][0]["trace"] == {"id": 7}


async def test_fields_of_a_newer_version_survive_in_a_file(tmp_path: Path) -> None:
    file = StoreFile(tmp_path / "state.db")
    store = SqliteStore(file, 1, "default")
    await store.add_job(job("j", HELD))
    await store.schedule(delivery("d"))
    file.flush()
    for table in ("jobs", "deliveries"):
        file._connection.execute(f"UPDATE {table} SET data = json_set(data, '$.region', 'eu')")
    store = SqliteStore(file, 1, "default")
    file.read(store.load)
    (old,) = await store.find_jobs("j")
    assert isinstance(old, Job)
    assert await store.replace_job(old, old.released(T0))
    due = await store.claim_due(T0)
    assert isinstance(due, Delivery)
    await store.save_delivery(replace(due, due_at=None, outcome="given_up"))
    file.flush()
    for table in ("jobs", "deliveries"):
        (text,) = file._connection.execute(f"SELECT data FROM {table}").fetchone()
        assert json.loads(text)["region"] == "eu"
    file.close()
