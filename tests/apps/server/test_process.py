"""``isthmus serve`` as a process: under load, when it is ended, and what it refuses to begin with."""

import asyncio
import json
import signal
import socket
import threading
import time

import httpx
import numpy as np
import pytest

BODY = {"rows": [[0.0] * 9]}


def test_many_clients_at_once(served):
    async def load():
        limits = httpx.Limits(max_connections=32)
        async with httpx.AsyncClient(base_url=served.url, limits=limits, timeout=60) as http:
            rows = np.random.default_rng(0).normal(size=(150, 9)).tolist()
            score = [http.post("/v1/models/machine/score", json={"rows": [row]}) for row in rows]
            others = [http.post("/v1/models/people/sample", json={"n": 5, "seed": 3}) for _ in range(10)]
            return await asyncio.gather(*score, *others)

    answers = asyncio.run(load())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers[150:]}) == 1


def test_it_finishes_what_is_in_flight(files, make):
    server, broken, done = make(files["machine"], "--port", 0), [], []

    def ask():
        with httpx.Client(base_url=server.url, timeout=60) as http:
            while True:
                try:
                    answer = http.post("/v1/models/machine/score", json=BODY)
                except httpx.TransportError as error:  # not answered at all, as the server listens no more
                    broken.extend([error] if isinstance(error, httpx.ReadTimeout) else [])
                    return
                (done if answer.status_code == 200 else broken).append(answer)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as opened, opened.makefile("rb") as answer:
        body = json.dumps(BODY).encode()
        head = f"Host: localhost\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        opened.sendall(b"POST /v1/models/machine/score HTTP/1.1\r\n" + head.encode())
        assert b"100" in answer.readline()  # the body is waited for
        while len(done) < 10 and not broken:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        while listens(host, int(port)):
            time.sleep(0.01)
        opened.sendall(body)
        assert b'"score"' in answer.read()
    assert server.process.wait(60) == -signal.SIGTERM
    assert "Traceback" not in server.process.stderr.read()
    for thread in threads:
        thread.join(60)
    assert not broken


def listens(host, port):
    try:
        socket.create_connection((host, port), timeout=60).close()
    except OSError:
        return False
    return True


def test_it_answers_by_name_with_a_token_from_the_environment(files, make):
    options = ["--name", "a", "--name", "b", "--port", 0, "--max-rows", 2, "--timeout", 5]
    server = make(files["machine"], files["machine"], *options, ISTHMUS_TOKEN="s3cret")
    assert "s3cret" not in server.said and server.url.startswith("http://127.0.0.1:")
    with httpx.Client(base_url=server.url, timeout=60) as http:
        assert http.get("/v1/models").status_code == 401
        http.headers["Authorization"] = "Bearer s3cret"
        assert [model["name"] for model in http.get("/v1/models").json()["models"]] == ["a", "b"]
        assert http.post("/v1/models/b/score", json={"rows": [[0.0] * 9] * 3}).status_code == 413
        assert http.get("/health", headers={"Host": "evil.example"}).status_code == 403


def test_files_that_are_no_models_are_refused(isthmus, files, tmp_path):
    from safetensors.numpy import save_file

    foreign, broken = tmp_path / "foreign.safetensors", tmp_path / "broken.safetensors"
    save_file({"weight": np.zeros(3)}, foreign)
    broken.write_bytes(files["machine"].read_bytes()[:500])
    for path, said in ((foreign, "isthmus did not write it"), (broken, "broken"), (tmp_path / "none", "no model file")):
        assert said in isthmus("serve", files["machine"], path, code=1).err
    assert "--token" in isthmus("serve", files["machine"], "--host", "0.0.0.0", code=1).err
    assert "--name" in isthmus("serve", files["machine"], files["machine"], code=1).err
    assert "2 names for 1 file" in isthmus("serve", files["machine"], "--name", "a", "--name", "b", code=1).err
    assert "part of an address" in isthmus("serve", files["machine"], "--name", "a/b", code=1).err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        error = isthmus("serve", files["machine"], "--port", taken.getsockname()[1], code=1).err
    assert "choose another port" in error


@pytest.fixture
def make(server_process):
    """Give ``make(FILE, …, VARIABLE=…)``: a server that does not outlive the test."""
    made = []

    def start(*arguments, **environment):
        made.append(server_process(*arguments, **environment))
        return made[-1]

    yield start
    for server in made:
        server.end()
