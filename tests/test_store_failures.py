"""Files that cannot be used as a store, and disks that are full: everything is reported, and nothing is lost."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis

from mockserver.app import create_app
from mockserver.clock import let_others_run, wait_until
from mockserver.settings import Settings, SettingsError, load
from mockserver.store.sqlite.file import StoreFile
from tests.kept import Kept
from tests.live import live_server
from tests.test_persist import ANALYZE, GENERATE, HOOKED, VIDEO


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def written(file: Path) -> None:
    """Write a file with a few jobs."""
    async with Kept(file) as server:
        for n in range(20):
            await server.post(ANALYZE, {"url": f"https://example.com/{n}.mp4"})


def refusal(path: Path) -> str:
    """Return the message with which a server refuses to use the file."""
    with pytest.raises(SettingsError) as refused:
        create_app(Settings(store=f"sqlite:{path}"))
    assert str(path) in str(refused.value)
    return str(refused.value)


async def test_a_file_that_another_server_uses_is_refused(file: Path) -> None:
    async with Kept(file) as server:
        assert "is in use by another server. Stop it, or give each server a file of its own" in refusal(file)
        await server.post(ANALYZE, VIDEO)


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    assert "Is a directory. Give the path of a file" in refusal(tmp_path)
    assert f"Create the directory {tmp_path / 'missing'} first" in refusal(tmp_path / "missing" / "state.db")
    # Not even root may create a file there.
    assert "cannot be used as a store" in refusal(Path("/proc/state.db"))


def test_files_of_other_programs_are_refused(tmp_path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("These are my notes, and not a database.\n" * 100)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    assert "it is not an SQLite file. Give the path of another file" in refusal(text)
    assert text.read_text().startswith("These are my notes")
    assert "it is the SQLite file of another program" in refusal(other)
    with closing(sqlite3.connect(other)) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["mine"]


async def test_the_file_of_a_newer_version_is_refused(file: Path) -> None:
    await written(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 99")
    assert "it has version 99, and this version of mockserver reads files up to version 1" in refusal(file)


def _one_page(data: bytes) -> bytes:
    return data[: 4096 * 3] + b"\x5a" * 4096 + data[4096 * 4 :]


def _the_end(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _a_record(data: bytes) -> bytes:
    return data.replace(b'"provider"', b'"provicer"')


@pytest.mark.parametrize("damage", [_one_page, _the_end, _a_record])
def test_a_damaged_file_is_refused(file: Path, damage: Callable[[bytes], bytes]) -> None:
    asyncio.run(written(file))
    file.write_bytes(damage(file.read_bytes()))
    message = refusal(file)
    assert "is damaged" in message
    assert "Move it away to start with an empty one" in message


FORMS = "store must be memory, sqlite: and the path of a file, or the URL of a Valkey server"


@pytest.mark.parametrize(
    ("store", "hint"),
    [
        ("state.db", "; did you mean sqlite:state.db?"),
        ("sqlite:", ""),
        ("sqlite::memory:", "; use memory for a store that forgets"),
        ("sqlite://state.db", "; for the file state.db write sqlite:state.db, or sqlite:/state.db"),
        ("valkey:localhost", "; for a Valkey or Redis server write valkey://HOST:6379/0"),
        ("postgres://localhost/0", "; for a Valkey or Redis server write valkey://HOST:6379/0"),
    ],
)
def test_a_wrong_store_is_reported(store: str, hint: str) -> None:
    with pytest.raises(SettingsError) as error:
        load({"store": store}, {})
    assert str(error.value) == f"{FORMS}, not {store!r}{hint}"


def test_a_wrong_resume_is_reported() -> None:
    with pytest.raises(SettingsError, match="resume must be now or paused, not 'later'"):
        load({"resume": "later"}, {})


# A full disk.


def fill(store: StoreFile) -> None:
    """Leave no room for the file to grow."""
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def make_room(store: StoreFile) -> None:
    store._connection.execute("PRAGMA max_page_count = 100000")


BIG = {"prompt": "the sea " * 200, "quality": "premium"}


async def filled(server: Any, client: httpx2.AsyncClient) -> list[str]:
    """Submit until the disk is full. Return the ids of the jobs that were acknowledged."""
    fill(server)
    ids: list[str] = []
    for _ in range(200):
        reply = await client.post(GENERATE, json=BIG)
        if reply.status_code != 200:
            assert (reply.status_code, list(reply.json())) == (503, ["error"])
            return ids
        ids.append(str(reply.json()["video_id"]))
    raise AssertionError("the disk was never full")


async def ids_of(client: httpx2.AsyncClient) -> set[str]:
    return {each["id"] for each in (await client.get("/_mock/jobs?limit=500")).json()["jobs"]}


@pytest.mark.parametrize("sockets", [True, False])
async def test_a_full_disk_refuses_requests_and_loses_nothing(file: Path, sockets: bool, caplog: Any) -> None:
    async with Kept(file) as server:
        if not sockets:
            await _fills_up(server.file, server.client)
    if sockets:
        app = create_app(Settings(store=f"sqlite:{file}"))
        assert isinstance(app.gate, StoreFile)
        with live_server(app) as base:
            async with httpx2.AsyncClient(base_url=base, headers={"Authorization": "Bearer key-1"}) as client:
                await _fills_up(app.gate, client)
    assert "cannot be written: database or disk is full. Requests get 503 until it can" in caplog.text
    assert "can be written again" in caplog.text


async def _fills_up(store: StoreFile, client: httpx2.AsyncClient) -> None:
    acknowledged = await filled(store, client)
    assert await ids_of(client) == set(acknowledged)
    ready = await client.get("/_mock/ready")
    assert (ready.status_code, (await client.get("/_mock/health")).status_code) == (503, 200)
    assert ready.json()["title"] == "The state cannot be written"
    assert ready.json()["detail"].endswith("state.db: database or disk is full")
    assert (await client.post("/_mock/reset", json={})).status_code == 503
    balance = (await client.get("/_mock/accounts/key-1?provider=prompttovideo")).json()["accounts"][0]
    assert balance["reserved"] == 3 * len(acknowledged)
    make_room(store)
    assert await wait_until(lambda: store.failure is None, 5)
    reply = await client.post(GENERATE, json=BIG)
    assert reply.status_code == 200
    assert await ids_of(client) == {*acknowledged, str(reply.json()["video_id"])}


async def test_what_was_acknowledged_before_the_disk_was_full_is_there_afterwards(file: Path) -> None:
    async with Kept(file) as server:
        acknowledged = await filled(server.file, server.client)
        await server.kill()
    async with Kept(file) as server:
        assert await ids_of(server.client) == set(acknowledged)
        await server.post(GENERATE, BIG)


async def test_webhooks_wait_until_their_job_is_written(file: Path) -> None:
    async with Kept(file, **HOOKED) as server:
        await server.post(ANALYZE, VIDEO)
        await filled(server.file, server.client)
        advance = asyncio.create_task(server.advance(9))
        for _ in range(50):
            await let_others_run()
        assert (server.receivers.calls, advance.done()) == ([], False)
        make_room(server.file)
        server.file.retry()
        await advance
        assert len(server.receivers.calls) == 1


# A real process.


def start(file: Path, *flags: str) -> tuple[subprocess.Popen[str], str]:
    """Start a server. Return its process and its URL."""
    command = [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--log", "json", "--store", f"sqlite:{file}"]
    process = subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return process, json.loads(line)["url"]


def test_a_process_that_was_killed_continues(file: Path) -> None:
    process, base = start(file)
    try:
        headers = {"Authorization": "Bearer key-1"}
        with httpx2.Client(headers=headers) as client:
            jobs = [client.post(base + ANALYZE, json={"url": f"https://e.test/{n}"}).json()["id"] for n in range(3)]
            other = subprocess.run(
                [sys.executable, "-m", "mockserver", "serve", "--port", "0", "--store", f"sqlite:{file}"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert (other.returncode, other.stdout) == (2, "")
            assert "is in use by another server" in other.stderr
        process.send_signal(signal.SIGKILL)
        process.communicate()
        process, base = start(file)
        with httpx2.Client(headers=headers) as client:
            for job in jobs:
                assert client.get(f"{base}/videotoprompt/v1/analyze/{job}").status_code == 200
    finally:
        process.terminate()
        process.communicate()
    assert not file.with_name("state.db-wal").exists()


def test_a_server_without_a_file_does_not_import_sqlite() -> None:
    script = "import sys; from mockserver.app import create_app; create_app(); print('sqlite3' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )


@pytest.mark.parametrize("store", ["valkey://", "valkey://local host/0", "redis://host:port/0", "valkey://host/mine"])
def test_a_wrong_url_of_a_valkey_server_is_reported(store: str) -> None:
    with pytest.raises(SettingsError) as error:
        load({"store": store}, {})
    assert str(error.value) == f"store must be a URL such as valkey://localhost:6379/0, not {store!r}"


def test_a_valkey_server_that_cannot_be_reached_is_reported_at_the_start() -> None:
    with pytest.raises(SettingsError) as error:
        create_app(Settings(store="valkey://127.0.0.1:9/0"))
    assert str(error.value).startswith("valkey://127.0.0.1:9/0 cannot be used as a store: ")
    assert str(error.value).endswith("Start it, or give the address of another one: valkey://HOST:PORT/DB")


def test_data_of_a_newer_version_in_valkey_is_refused(valkey: str) -> None:
    with redis.Redis.from_url(valkey.replace("valkey", "redis", 1)) as client:
        client.set("mockserver:format", 99)
    with pytest.raises(SettingsError) as error:
        create_app(Settings(store=valkey))
    assert "its data has version 99, and this version of mockserver reads up to version 1" in str(error.value)
