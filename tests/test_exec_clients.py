"""Unmodified programs that call the providers' own hosts reach the sandbox: Python, Node, Java, curl and wget."""

import json
import shutil
from pathlib import Path

import pytest

from tests.programs import execute, nodes, python

SUBMIT = "https://api.videotoprompt.org/v1/analyze/url"
BODY = {"url": "https://example.com/a.mp4"}
HEADERS = {"Authorization": "Bearer key-1", "Content-Type": "application/json"}

URLLIB = f"""
import json, urllib.request
request = urllib.request.Request({SUBMIT!r}, json.dumps({BODY}).encode(), {HEADERS})
with urllib.request.urlopen(request) as reply:
    print(reply.status, json.load(reply)["status"])
"""
REQUESTS = f"""
import requests
with requests.Session() as session:
    reply = session.post({SUBMIT!r}, json={BODY}, headers={HEADERS})
    print(reply.status_code, reply.json()["status"])
"""
HTTPX2 = f"""
import httpx2
with httpx2.Client() as client:
    reply = client.post({SUBMIT!r}, json={BODY}, headers={HEADERS})
    print(reply.status_code, reply.json()["status"])
"""
HTTPX2_ASYNC = f"""
import asyncio, httpx2
async def main():
    async with httpx2.AsyncClient() as client:
        reply = await client.post({SUBMIT!r}, json={BODY}, headers={HEADERS})
        print(reply.status_code, reply.json()["status"])
asyncio.run(main())
"""
# These two do not use the proxy of the environment.
HTTP_CLIENT = f"""
import http.client, json
for connection_class in (http.client.HTTPSConnection, http.client.HTTPConnection):
    connection = connection_class("api.videotoprompt.org", timeout=30)
    connection.request("POST", "/v1/analyze/url", json.dumps({BODY}), {HEADERS})
    with connection.getresponse() as reply:
        print(reply.status, json.load(reply)["status"])
    connection.close()
"""
URLLIB3 = f"""
import json, urllib3
with urllib3.PoolManager() as pool:
    reply = pool.request("POST", {SUBMIT!r}, body=json.dumps({BODY}), headers={HEADERS})
    print(reply.status, reply.json()["status"])
"""
OTHER_HOST = """
import http.client
for host in ("example.com", "EXAMPLE.com."):
    try:
        http.client.HTTPSConnection(host).connect()
    except OSError as error:
        print(error)
"""
# The beginning of aiohttp, as far as it matters here.
AIOHTTP = """
class ClientSession:
    def __init__(self, base_url=None, *, trust_env: bool = False) -> None:
        self.trust_env = trust_env
"""
SESSIONS = """
import inspect
from aiohttp.client import ClientSession
class Own(ClientSession):
    def __init__(self):
        super().__init__("https://nanophoto.ai")
sessions = (ClientSession(), Own(), ClientSession(trust_env=False), ClientSession(trust_env=True))
print([session.trust_env for session in sessions], inspect.signature(ClientSession))
"""
JAVA = """
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Main {
    static final String BODY = "{\\"url\\": \\"https://example.com/a.mp4\\"}";

    public static void main(String[] arguments) throws Exception {
        URI uri = URI.create(arguments[0]);
        HttpURLConnection old = (HttpURLConnection) uri.toURL().openConnection();
        old.setDoOutput(true);
        old.setRequestProperty("Authorization", "Bearer key-1");
        old.setRequestProperty("Content-Type", "application/json");
        try (OutputStream body = old.getOutputStream()) {
            body.write(BODY.getBytes());
        }
        System.out.println(old.getResponseCode());
        // Offers HTTP/2 first.
        HttpRequest request = HttpRequest.newBuilder(uri).header("Authorization", "Bearer key-1")
            .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(BODY)).build();
        HttpResponse<String> reply = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println(reply.statusCode() + " " + reply.version());
    }
}
"""
OPTIONS = json.dumps({"method": "POST", "headers": HEADERS})
FETCH = f"""
const reply = await fetch("{SUBMIT}", {{...{OPTIONS}, body: JSON.stringify({json.dumps(BODY)})}});
console.log(reply.status, (await reply.json()).status);
"""
HTTPS = f"""
const https = await import('node:https');
const request = https.request("{SUBMIT}", {OPTIONS}, async (reply) => {{
  let text = '';
  for await (const piece of reply) text += piece;
  console.log(reply.statusCode, JSON.parse(text).status);
}});
request.end(JSON.stringify({json.dumps(BODY)}));
"""


def test_python() -> None:
    done = execute(*python(URLLIB + REQUESTS + HTTPX2 + HTTPX2_ASYNC))
    assert (done.stdout, done.stderr) == (b"202 pending\n" * 4, b"")


def test_python_clients_that_ignore_the_proxy_of_the_environment() -> None:
    done = execute(*python(HTTP_CLIENT + URLLIB3))
    assert (done.stdout, done.stderr) == (b"202 pending\n" * 3, b"")


def test_such_a_client_does_not_reach_another_host_by_mistake() -> None:
    done = execute(*python(OTHER_HOST))
    text = done.stdout.decode()
    assert text.count("mockserver: refused: example.com:443 is not a provider's host; use --allow-external") == 2


def test_sessions_of_aiohttp_use_the_proxy_unless_the_program_says_otherwise(tmp_path: Path) -> None:
    package = tmp_path / "aiohttp"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "client.py").write_text(AIOHTTP)
    done = execute(*python(SESSIONS), env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parent.parent}"})
    signature = "(base_url=None, *, trust_env: bool = False) -> None"
    assert (done.stdout.decode(), done.stderr) == (f"[True, True, False, True] {signature}\n", b"")


def test_a_sitecustomize_of_the_program_is_still_run_and_its_path_is_as_without_exec(tmp_path: Path) -> None:
    folder = tmp_path / "of-the-program"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys\nsys.from_the_program = True\n")
    code = "import sys; print(sys.from_the_program, [each for each in sys.path if 'intercept' in each])"
    done = execute(*python(code), env={"PYTHONPATH": f"{folder}:{Path(__file__).parent.parent}"})
    assert (done.stdout.decode(), done.stderr) == ("True []\n", b"")


@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK on this machine")
def test_java(tmp_path: Path) -> None:
    source = tmp_path / "Main.java"
    source.write_text(JAVA)
    done = execute("java", str(source), SUBMIT)
    assert done.stdout.decode().splitlines() == ["202", "202 HTTP_1_1"], done.stderr
    # Java announces the options. Nothing else is on its output for errors.
    assert [line.split(b":")[0] for line in done.stderr.splitlines()] == [b"Picked up JAVA_TOOL_OPTIONS"]


@pytest.mark.parametrize("node", nodes())
def test_a_client_that_offers_http_2_falls_back(node: str) -> None:
    code = """
    const https = require('node:https');
    const offered = { ALPNProtocols: ['h2', 'http/1.1'], headers: { authorization: 'Bearer key-1' } };
    https.get('https://prompttovideo.com/api/v1/account', offered,
      (reply) => { console.log(reply.statusCode, reply.socket.alpnProtocol); reply.resume(); });
    """
    done = execute(node, "-e", code)
    assert (done.stdout, done.stderr) == (b"200 http/1.1\n", b"")


@pytest.mark.parametrize("node", nodes())
def test_node(node: str) -> None:
    done = execute(node, "--input-type=module", "-e", FETCH + HTTPS)
    assert (done.stdout, done.stderr) == (b"202 pending\n" * 2, b"")


def test_curl_prints_the_reply_of_the_provider_but_not_that_of_the_proxy() -> None:
    fields = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
    done = execute(
        "curl", "-sSi", SUBMIT, *fields, "-d", json.dumps(BODY), flags=("--scenario", "videotoprompt-outage")
    )
    assert (done.stdout.split(b"\r\n")[0], done.stderr) == (b"HTTP/1.1 503 Service Unavailable", b"")


@pytest.mark.skipif(shutil.which("wget") is None, reason="there is no wget on this machine")
def test_wget() -> None:
    fields = [f"--header={name}: {value}" for name, value in HEADERS.items()]
    done = execute("wget", "-qO-", SUBMIT, *fields, f"--post-data={json.dumps(BODY)}")
    assert (json.loads(done.stdout)["status"], done.stderr) == ("pending", b"")


def test_every_documented_host_of_a_provider_is_intercepted() -> None:
    from mockserver.providers.registry import all_providers

    hosts = {host: provider.name for provider in all_providers() for host in provider.hosts}
    code = f"""
import requests
with requests.Session() as session:
    for host in {list(hosts)}:
        print(session.get(f"https://{{host}}/nothing/here", headers={HEADERS}).status_code)
        print(session.get(f"http://{{host}}/nothing/here", headers={HEADERS}).status_code)
"""
    done = execute(*python(code), flags=("--report",))
    assert done.stdout.split() == [b"404"] * len(hosts) * 2
    assert f"{2 * len(hosts)} calls".encode() in done.stderr


DOWNLOAD = """
import asyncio, httpx2
HEADERS = {"Authorization": "Bearer key-1"}
async def main():
    async with httpx2.AsyncClient(base_url="https://prompttovideo.com/api/v1", headers=HEADERS) as client:
        made = (await client.post("/generate", json={"prompt": "a red kite over the sea", "quality": "free"})).json()
        video = {"status": "queued"}
        while video["status"] != "completed":
            video = (await client.get(f"/video/{made['video_id']}/status")).json()
        file = await client.get(video["video_url"])
        print(video["video_url"].partition("/storage")[0], file.status_code, file.headers["content-type"])
asyncio.run(main())
"""


def test_links_in_replies_have_the_providers_host_and_reach_the_sandbox() -> None:
    done = execute(*python(DOWNLOAD), flags=("--clock", "auto"))
    assert (done.stdout, done.stderr) == (b"https://prompttovideo.com 200 video/mp4\n", b"")


REFUSED = """
const https = require('node:https'), net = require('node:net'), http = require('node:http');
(async () => {
  await fetch('https://example.com/').catch((error) => console.log(error.cause.message));
  const failed = (request) =>
    new Promise((done) => request.on('error', (e) => (console.log(e.code, e.message), done())));
  await failed(https.get('https://example.com/'));
  await failed(http.get('http://example.com/'));
  const server = http.createServer((request, reply) => reply.end('here')).listen(0, async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      console.log(await (await fetch(`http://${host}:${server.address().port}/`)).text());
    }
    server.close();
    server.closeAllConnections();
  });
})();
"""


@pytest.mark.parametrize("node", nodes())
def test_node_cannot_reach_other_hosts_but_it_can_reach_this_machine(node: str) -> None:
    done = execute(node, "-e", REFUSED)
    hint = "is not a provider's host; use --allow-external to allow other hosts"
    assert done.stdout.decode().splitlines() == [
        f"mockserver: refused: example.com:443 {hint}",
        f"ECONNREFUSED mockserver: refused: example.com:443 {hint}",
        f"ECONNREFUSED mockserver: refused: example.com:80 {hint}",
        "here",
        "here",
    ]


CONNECTED = """
const net = require('node:net');
const ask = (socket) => new Promise((done) => {
  socket.write('GET /nothing HTTP/1.1\\r\\nHost: nanophoto.ai\\r\\nConnection: close\\r\\n\\r\\n');
  let text = '';
  socket.on('data', (piece) => (text += piece)).on('close', () => done(text.split('\\r\\n')[0]));
});
(async () => {
  console.log(await ask(net.connect(80, 'nanophoto.ai')));
  console.log(await ask(net.connect({ port: 80, host: 'NanoPhoto.ai.' })));
  console.log(await ask(new net.Socket().connect(80, 'nanophoto.ai')));
  console.log(await ask(new net.Socket().connect({ port: '80', host: 'nanophoto.ai' })));
  console.log(await ask(require('node:tls').connect(443, 'nanophoto.ai', { servername: 'nanophoto.ai' })));
})();
"""


@pytest.mark.parametrize("node", nodes())
def test_node_reaches_the_sandbox_with_every_way_to_connect(node: str) -> None:
    done = execute(node, "-e", CONNECTED)
    assert done.stdout.decode().splitlines() == ["HTTP/1.1 404 Not Found"] * 5, done.stderr


def test_node_options_of_the_user_are_kept(tmp_path) -> None:
    mine = tmp_path / "with space" / "mine.cjs"
    mine.parent.mkdir()
    mine.write_text("globalThis.mine = 'kept';")
    done = execute(nodes()[0], "-e", "console.log(mine)", env={"NODE_OPTIONS": f'--require "{mine}"'})
    assert (done.stdout, done.stderr) == (b"kept\n", b"")
