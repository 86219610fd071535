"""Scores, thresholds and what contributes to them."""

import csv
import io

import numpy as np
import pytest

from isthmus import AnomalyDetector, Autoencoder, Signals
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.session import open_session

from .conftest import QUICK, ok


def test_the_histogram_counts_every_example(of_table, of_digits, detector):
    found = ok(of_table.get("/api/models/0/scores"))
    assert sum(found["counts"]) == 300 and len(found["edges"]) == len(found["counts"]) + 1
    assert found["threshold"] == detector.threshold_ and found["what"] == "score"
    assert ok(of_digits.get("/api/models/0/scores"))["what"] == "error"


def test_anomalies_above_a_threshold(of_table, rows, detector):
    scores = detector.anomaly_score(rows)
    limit = float(np.sort(scores)[-11])
    found = ok(of_table.get(f"/api/models/0/anomalies?threshold={limit + 1e-6}&limit=4"))
    assert found["flagged"] == 10 and [row["index"] for row in found["rows"]] == np.argsort(-scores)[:4].tolist()
    contributors = found["rows"][0]["contributors"]
    assert (
        len(contributors) == 3
        and contributors[0]["fraction"] >= contributors[1]["fraction"]
        and contributors[0]["name"] in rows.columns
    )
    lines = list(csv.DictReader(io.StringIO(of_table.get(f"/api/models/0/anomalies.csv?threshold={limit}").text)))
    assert len(lines) in (10, 11) and int(lines[0]["row"]) == np.argmax(scores) and "%" in lines[0]["contributor 1"]


def flagged(client, n):
    """Return which examples are flagged, each by itself."""
    return [ok(client.get(f"/api/models/0/examples/{i}"))["flagged"] for i in range(n)]


@pytest.mark.parametrize("limit", [None, 60])
def test_a_group_is_held_against_its_own_threshold(asgi, rows, limit):
    detector = AnomalyDetector(Autoencoder("plain", 3, **QUICK), groups="open", random_state=0).fit(rows)
    detector.set_threshold(value={"True": np.quantile(detector.anomaly_score(rows), 0.5), "False": 1e6})
    session = open_session({"m": detector}, rows, limit=limit)
    client, places = asgi(explorer_app(session)), session.examples.row_index
    expected = detector.predict(rows)[places] == -1
    assert 0 < expected.sum() < rows["open"].to_numpy()[places].sum()
    assert flagged(client, len(places)) == expected.tolist()
    found = ok(client.get("/api/models/0/anomalies"))
    assert found["flagged"] == expected.sum() and found["threshold"] == 0
    first = found["rows"][0]
    shown = ok(client.get(f"/api/models/0/examples/{first['index']}"))
    assert first["score"] == pytest.approx(shown["score"] - shown["threshold"], rel=1e-3)
    assert shown["threshold"] == pytest.approx(detector.thresholds_["True"], rel=1e-3)
    told = ok(client.get("/api/models/0/scores"))
    assert (told["what"], told["threshold"], sum(told["counts"])) == ("excess", 0, len(places))
    lines = list(csv.DictReader(io.StringIO(client.get("/api/models/0/anomalies.csv").text)))
    assert all(float(line["score"]) > float(line["threshold"]) for line in lines) and len(lines) == expected.sum()
    excess = np.frombuffer(ok(client.get("/api/colours/excess:0")).content, "<f4")
    assert np.array_equal(excess > 0, expected)


@pytest.mark.parametrize("limit", [None, 90])
def test_a_window_is_flagged_where_one_of_its_moments_is(asgi, signal, limit):
    ae = Autoencoder("plain", 3, data=Signals(window=16, stride=5), **QUICK)
    detector = AnomalyDetector(ae, false_alarm_rate=0.1, random_state=0).fit(signal)
    moved = signal.copy()
    moved[203] += 6
    session = open_session({"m": detector}, moved, limit=limit)
    client, last = asgi(explorer_app(session)), session.examples.row_index
    moments = detector.predict(moved) == -1
    expected = [bool(moments[end - 15 : end + 1].any()) for end in last]
    assert any(expected) and not all(expected)
    assert flagged(client, len(last)) == expected
    assert ok(client.get("/api/models/0/anomalies"))["flagged"] == sum(expected)
    top = ok(client.get("/api/models/0/examples/3"))["score"]
    assert top == pytest.approx(detector.anomaly_score(moved)[last[3] - 15 : last[3] + 1].max(), rel=1e-5)


def test_it_is_told_what_an_error_is(of_digits):
    state = ok(of_digits.get("/api/state"))
    assert [model["nats"] for model in state["models"]] == [True, False]
    titles = {colour["id"]: colour["title"] for colour in state["colours"]}
    assert (titles["error:0"], titles["error:1"]) == ("−log p of variational", "error of plain")
    told = ok(of_digits.get("/api/models/0/scores"))  # of which some are below zero, and some above
    assert told["edges"][0] < told["threshold"] < told["edges"][-1] and sum(told["counts"]) == 400
