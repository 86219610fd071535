"""Micro-batching: what waits is answered together, and nobody suffers from a neighbour."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from isthmus import InputError
from isthmus.apps.http.refusals import Refused
from isthmus.apps.server import batching
from isthmus.apps.server.app import build
from isthmus.apps.server.batching import Batcher


def submit_all(call, items, most=100, **options):
    """Return the answers to items that come at once, errors among them, and the sizes of the batches."""
    sizes = []

    async def run():
        with ThreadPoolExecutor(1) as worker:
            batcher = Batcher(call, worker, most, lambda requests, rows: sizes.append((requests, rows)), **options)
            return await asyncio.gather(*(batcher.submit(item, 2) for item in items), return_exceptions=True)

    return asyncio.run(run()), sizes


def test_what_waits_is_answered_together():
    answers, sizes = submit_all(lambda items: [item * 10 for item in items], range(20))
    assert answers == [10 * item for item in range(20)] and sizes == [(20, 40)]


def test_a_batch_has_a_limit():
    answers, sizes = submit_all(lambda items: items, range(7), most=5)
    assert answers == list(range(7)) and sizes == [(2, 4), (2, 4), (2, 4), (1, 2)]
    assert submit_all(lambda items: items, range(3), most=1)[1] == [(1, 2)] * 3


def refusing(items):
    if 3 in items:
        raise InputError("3 is odd")
    return items


def test_a_request_that_is_refused_harms_no_neighbour():
    answers, sizes = submit_all(refusing, range(6))
    assert [answer for answer in answers if answer != 3 and not isinstance(answer, InputError)] == [0, 1, 2, 4, 5]
    assert isinstance(answers[3], InputError) and sizes == [(6, 12)]


def test_a_fault_is_told_to_all_who_wait():
    answers, _ = submit_all(lambda items: items[9], range(3))
    assert [type(answer) for answer in answers] == [IndexError] * 3


def test_nobody_waits_for_a_worker_that_has_ended():
    async def run():
        worker = ThreadPoolExecutor(1)
        worker.shutdown()
        batcher = Batcher(lambda items: items, worker, 100)
        waiting = asyncio.gather(*(batcher.submit(0, 1) for _ in range(3)), return_exceptions=True)
        return await asyncio.wait_for(waiting, 5)

    answers = asyncio.run(run())
    assert [(type(answer), answer.status_code) for answer in answers] == [(Refused, 503)] * 3


def test_quick_batches_run_in_the_loop_and_others_do_not():
    threads = []

    def call(items):
        threads.append(threading.current_thread().name)
        return items

    def slow(items):
        end = time.thread_time() + 0.03
        while time.thread_time() < end:
            pass
        return call(items)

    async def run(call, **options):
        with ThreadPoolExecutor(1, "worker") as worker:
            batcher = Batcher(call, worker, 100, **options)
            for _ in range(4):
                await batcher.submit(1, 1)

    asyncio.run(run(call))
    assert threads[0].startswith("worker") and threads[-1] == "MainThread"
    threads.clear()
    asyncio.run(run(slow))
    asyncio.run(run(call, may_block=False))
    assert all(thread.startswith("worker") for thread in threads)


def test_too_many_are_turned_away(monkeypatch):
    monkeypatch.setattr(batching, "WAITING", 5)
    answers, _ = submit_all(lambda items: items, range(8))
    assert [answer.status_code for answer in answers if isinstance(answer, Refused)] == [503] * 3


def test_requests_together_are_answered_as_if_alone(asgi, models):
    client = asgi(build(models))
    rows = np.random.default_rng(0).normal(size=(40, 9))
    wrong = {10: ["x"] * 9, 20: [None] * 9, 30: [1e300] * 9}
    bodies = [{"rows": [wrong.get(at, row.tolist())]} for at, row in enumerate(rows)]
    answers = client.together(*((("POST", "/v1/models/machine/score"), {"json": body}) for body in bodies))
    assert [at for at, answer in enumerate(answers) if answer.status_code != 200] == list(wrong)
    assert {answers[at].status_code for at in wrong} == {422}
    expected = models["machine"].estimator.anomaly_score(rows)
    for at, answer in enumerate(answers):
        if at not in wrong:
            np.testing.assert_allclose(answer.json()["score"], expected[at : at + 1], rtol=1e-4)
    assert (
        'isthmus_batch_requests_bucket{le="4.0",model="machine",operation="score"} 0.0' in client.get("/metrics").text
    )


def test_each_row_of_a_batch_keeps_its_label(asgi, models):
    client = asgi(build({"labelled": models["labelled"]}))
    pictures, labels = np.random.default_rng(0).random((30, 8, 8)), np.arange(30) % 10
    for operation, name, rows in (
        ("reconstruct", "rows", pictures),
        ("decode", "codes", models["labelled"].estimator.transform(pictures, labels)),
    ):
        post = ("POST", f"/v1/models/labelled/{operation}")
        bodies = [{name: [row.tolist()], "condition": int(y)} for row, y in zip(rows, labels, strict=True)]
        answers = client.together(*((post, {"json": body}) for body in bodies))
        expected = models["labelled"].estimator.reconstruct(pictures, labels)
        np.testing.assert_allclose(np.concatenate([a.json()["rows"] for a in answers]), expected, atol=1e-5)
    seen = client.get("/metrics").text
    assert 'isthmus_batch_requests_bucket{le="4.0",model="labelled",operation="reconstruct"} 0.0' in seen


def test_what_takes_too_long_is_ended_and_the_worker_goes_on(asgi, models):
    app = build({"machine": models["machine"]}, timeout=0.3)
    client = asgi(app)
    body = {"rows": [[0.0] * 9]}
    assert client.post("/v1/models/machine/encode", json=body).status_code == 200
    release = threading.Event()
    original = models["machine"].operations["reconstruct"]
    models["machine"].operations["reconstruct"] = lambda X, given: release.wait(10) and original(X, given)
    try:
        late = client.post("/v1/models/machine/reconstruct", json=body)
        assert late.status_code == 504 and "0.3 s" in late.json()["error"]["message"]
        release.set()
        assert client.post("/v1/models/machine/reconstruct", json=body).status_code == 200
    finally:
        models["machine"].operations["reconstruct"] = original


@pytest.mark.parametrize("path", ["/v1/models/machine/score", "/v2/models/machine/infer", "/metrics", "/openapi.json"])
def test_the_token_is_asked_for(asgi, models, path):
    client = asgi(build({"machine": models["machine"]}, token="s3cret"))
    ask = client.get if path in ("/metrics", "/openapi.json") else client.post
    assert ask(path).status_code == 401
    assert ask(path, headers={"Authorization": "Bearer s3cret"}).status_code in (200, 400)
    assert ask(path, headers={"Authorization": "Bearer s3cret", "Host": "evil.example"}).status_code == 403
    assert client.get("/health").status_code == client.get("/v2/health/ready").status_code == 200
