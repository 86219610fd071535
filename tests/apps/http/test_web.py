"""The guard, the limits and the errors of a web app, and how it runs and ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from uvicorn.server import ServerState

from isthmus import InputError
from isthmus.apps.http.inflate import Inflate
from isthmus.apps.http.refusals import Refused
from isthmus.apps.http.running import Connection, check_address, listen, run
from isthmus.apps.http.security import secure

TOKEN = "s3cret"
JSON = {"Content-Type": "application/json"}


def app_of(**options):
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.get("/page")
    async def page(number: int = 0) -> dict:
        return {"number": number}

    @app.post("/rows")
    async def rows(body: dict) -> dict:
        return {"rows": len(body)}

    @app.get("/wrong")
    async def wrong() -> None:
        raise InputError("column 'age', row 3: 'x' is no number")

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("secret of the house")

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(30)

    @app.get("/health")
    async def health() -> dict:
        return {}

    return secure(app, **options)


@pytest.fixture
def client_of(asgi):
    return lambda **options: asgi(app_of(**options))


def error_of(response, status):
    assert response.status_code == status, response.text
    assert set(response.json()) == {"error"} and set(response.json()["error"]) == {"field", "message"}
    return response.json()["error"]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:9", "LOCALHOST"])
def test_names_of_loopback_are_answered(client_of, host):
    assert client_of().get("/page", headers={"Host": host}).json() == {"number": 0}


@pytest.mark.parametrize(
    "host", ["evil.example", "10.0.0.1:8000", "", "[::", "localhost.evil.example", "x@localhost:y:z"]
)
def test_other_names_are_refused(client_of, host):
    error = error_of(client_of().get("/page", headers={"Host": host}), 403)
    assert error["field"] == "Host" and "--allow-host" in error["message"]


def test_names_that_are_allowed(client_of):
    client = client_of(allow=["models.example"])
    assert client.get("/page", headers={"Host": "Models.example:443"}).status_code == 200
    assert client_of(allow=["*"]).get("/page", headers={"Host": "evil.example"}).status_code == 200
    bound = client_of(host="0.0.0.0")
    assert bound.get("/page", headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert bound.get("/page", headers={"Host": "rebound.example"}).status_code == 403


ELSEWHERE = [
    "http://evil.example",
    "null",
    "",
    "http://127.0.0.1:9000",
    "http://localhost:8000",
    "app://127.0.0.1:8000",
]


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_pages_of_other_origins_may_not_ask(client_of, origin):
    assert error_of(client_of().post("/rows", json={}, headers={"Origin": origin}), 403)["field"] == "Origin"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("LocalHost:8000", "http://localhost:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("localhost:443", "https://localhost"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_its_own_pages_may_ask(client_of, host, origin):
    assert client_of().post("/rows", json={"a": 1}, headers={"Host": host, "Origin": origin}).json() == {"rows": 1}


@pytest.mark.parametrize("name", ["Host", "Origin", "Authorization", "Content-Type", "Content-Encoding"])
def test_headers_that_come_twice_are_refused(client_of, name):
    twice = [("Host", "localhost"), (name, "a"), (name, "a")][name == "Host" :]
    assert error_of(client_of().post("/rows", headers=twice), 400)["field"] == name
    assert client_of().get("/page", headers=[("Accept", "text/html"), ("Accept", "*/*")]).status_code == 200


def test_the_token(client_of):
    client = client_of(token=TOKEN, public=["/health"])
    refused = client.get("/page")
    assert error_of(refused, 401)["field"] == "Authorization" and refused.headers["www-authenticate"] == "Bearer"
    for wrong in ("Bearer wrong", "Bearer", f"Basic {TOKEN}", "Bearer \xe4".encode("latin-1")):
        assert client.get("/page", headers={"Authorization": wrong}).status_code == 401
    assert client.get("/page", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert client.get("/health").status_code == 200


def test_a_browser_brings_the_token_once(client_of):
    client = client_of(token=TOKEN)
    assert client.get("/page?token=wrong").status_code == 401
    assert client.post(f"/rows?token={TOKEN}", json={}).status_code == 401
    first = client.get(f"/page?number=3&token={TOKEN}", follow_redirects=False)
    assert first.status_code == 303 and first.headers["location"] == "/page?number=3"
    assert "httponly" in first.headers["set-cookie"].lower() and "strict" in first.headers["set-cookie"].lower()
    assert TOKEN not in first.headers["set-cookie"]
    assert client.get("/page").status_code == 200
    assert client_of(token="other").get("/page", headers={"Cookie": first.headers["set-cookie"]}).status_code == 401
    away = client.get(f"//evil.example/?token={TOKEN}", headers={"Cookie": ""}, follow_redirects=False)
    assert not away.headers.get("location", "").startswith("//")


def test_errors_have_one_form(client_of):
    client = client_of()
    assert error_of(client.get("/wrong"), 422) == {"field": "age", "message": "column 'age', row 3: 'x' is no number"}
    assert error_of(client.get("/page?number=x"), 422)["field"] == "number"
    assert "'/nowhere'" in error_of(client.get("/nowhere"), 404)["message"]
    assert "PUT" in error_of(client.put("/page"), 405)["message"]
    assert "secret" not in error_of(client.get("/broken"), 500)["message"]
    assert error_of(client.post("/rows", content=b"{"), 422)["message"]


def test_bodies_have_a_limit(client_of):
    async def pieces():
        yield b"x" * 60
        yield b"x" * 60

    client = client_of(max_body=100)
    assert client.post("/rows", json={"a": 1}).status_code == 200
    assert error_of(client.post("/rows", json={"a": "x" * 100}), 413)["field"] == "body"
    unannounced = client.post("/rows", content=pieces())
    assert "100 bytes" in error_of(unannounced, 413)["message"]


def compressed(body, bits):
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(("encoding", "bits"), [("gzip", 31), ("deflate", 15), ("GZIP", 31)])
def test_compressed_bodies_have_the_limit_of_what_they_hold(client_of, encoding, bits):
    def post(body):
        async def pieces():
            for place in range(0, len(body), 7):
                yield body[place : place + 7]

        return client.post("/rows", content=pieces(), headers={"Content-Encoding": encoding, **JSON})

    client = client_of(max_body=100)
    body = compressed(b'{"a": 1}'.ljust(100), bits)
    assert post(body).json() == {"rows": 1}
    assert error_of(post(compressed(b'{"a": 1}'.ljust(101), bits)), 413)["field"] == "body"
    for wrong in (body[:-1], body + b"\0", b"", b"no such thing", body[:9] + b"\xff\xff" + body[11:]):
        assert error_of(post(wrong), 400)["field"] == "Content-Encoding"


def test_no_more_is_unpacked_than_may_be():
    bomb, most = compressed(bytes(10**8), 31), 10**5
    inflate = Inflate(most)
    tracemalloc.start()
    with pytest.raises(Refused, match="100,000 bytes"):
        inflate(bomb, False)
    assert tracemalloc.get_traced_memory()[1] < 10 * most
    tracemalloc.stop()


def test_other_encodings_are_refused(client_of):
    for encoding in ("br", "gzip, gzip", "x", "\xff"):
        answer = client_of().post("/rows", content=b"{}", headers=[("Content-Encoding", encoding.encode("latin-1"))])
        assert "gzip" in error_of(answer, 415)["message"]
    assert client_of().post("/rows", json={}, headers={"Content-Encoding": "identity"}).json() == {"rows": 0}


def test_answers_have_a_time(client_of):
    assert "0.05 s" in error_of(client_of(timeout=0.05).get("/slow"), 504)["message"]


def talk(*pieces, patience=0.1, pause=0.3):
    """Return what a server answers to what comes piece by piece over one connection, until that is closed."""

    async def ask():
        config = uvicorn.Config(app_of(), log_level="critical", timeout_keep_alive=patience)
        config.load()
        loop, state = asyncio.get_running_loop(), ServerState()
        async with await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            answer = asyncio.create_task(reader.read())
            with suppress(ConnectionError):  # it may be closed before all was sent
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
            try:
                return await asyncio.wait_for(answer, 20)
            except ConnectionError:
                return b""
            finally:
                writer.transport.abort()

    return asyncio.run(ask())


HEAD = b"POST /rows HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 8\r\n"
BODY = b'\r\n{"a": 1}'


def test_a_head_that_does_not_come_is_not_waited_for():
    assert talk() == talk(HEAD) == talk(*[b"\r\n"] * 5) == b""
    assert talk(HEAD + BODY, *[b"\r\n"] * 5).count(b" 200 ") == 1


def test_a_body_may_take_longer_than_a_head():
    assert b'{"rows":1}' in talk(HEAD + BODY[:2], BODY[2:5], BODY[5:])


def test_a_head_without_end_is_refused():
    head = HEAD + b"Connection: close\r\nX-Long: "
    assert b" 200 " in talk(head, *[b"x" * 1000] * 40, b"\r\n", BODY, patience=60, pause=0)
    assert b" 200 " not in talk(head, *[b"x" * 1000] * 80, b"\r\n", BODY, patience=60, pause=0)


def test_other_addresses_need_a_token():
    for host in ("127.0.0.1", "localhost", "::1", "127.9.9.9"):
        check_address(host, None)
    for host in ("0.0.0.0", "::", "192.168.1.5", "models.example", ""):
        check_address(host, TOKEN)
        with pytest.raises(InputError, match="--token"):
            check_address(host, None)
    with pytest.raises(InputError, match="--token"):
        run(app_of(), "0.0.0.0")
    for token in ("", "two words", "tök"):
        with pytest.raises(InputError, match="printable ASCII"):
            check_address("127.0.0.1", token)


def test_a_port_that_is_taken_is_named():
    with listen("127.0.0.1", 0) as taken, pytest.raises(InputError, match="choose another port"):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(InputError, match="cannot listen"):
        listen("no-such-host.invalid", 0)


PROGRAM = """
import asyncio
from fastapi import FastAPI
from isthmus.apps.http.running import run
from isthmus.apps.http.security import secure
app = FastAPI()
@app.get("/slow")
async def slow():
    print("begun", flush=True)
    await asyncio.sleep(1)
    return "done"
run(secure(app), port=0, tell=lambda url: print(url, flush=True))
"""


def test_what_is_in_flight_is_finished():
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    try:
        url = process.stdout.readline().strip()
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as opened:
            opened.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert process.stdout.readline() == "begun\n"
            os.kill(process.pid, signal.SIGTERM)
            with opened.makefile("rb") as answer:  # head and body may come in two pieces: read until it is closed
                assert b"done" in answer.read()
        assert process.wait(60) == -signal.SIGTERM
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
