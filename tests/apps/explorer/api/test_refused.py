"""What is refused, and what is left out."""

import json

import pytest

from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.session import open_session

from .conftest import ok

WRONG = [
    ("get", "/api/models/7/scores", None, 404, "m"),
    ("get", "/api/models/0/examples/300", None, 422, "i"),
    ("get", "/api/models/0/examples/-1", None, 422, "i"),
    ("get", "/api/models/0/examples/many", None, 422, "i"),
    ("get", "/api/models/0/map/tsne", None, 422, "name"),
    ("get", "/api/models/0/map/codes?x=4", None, 422, "x"),
    ("get", "/api/models/0/anomalies?threshold=nan", None, 422, "threshold"),
    ("get", "/api/models/0/anomalies?limit=0", None, 422, "limit"),
    ("get", "/api/colours/error:9", None, 404, "id"),
    ("get", "/api/examples/values?index=1,x", None, 422, "index"),
    ("get", "/api/search?q=town>3", None, 422, "q"),
    ("get", "/api/search?q=since>2020-13-01", None, 422, "q"),
    ("get", "/api/nothing", None, 404, None),
    ("post", "/api/models/0/decode", {"z": [[1, 2]]}, 422, "z"),
    ("post", "/api/models/0/decode", {"z": []}, 422, "z"),
    ("post", "/api/models/0/decode", {"z": [["a"] * 4]}, 422, "z.0.0"),
    ("post", "/api/models/0/decode", {"z": [[1e31] * 4]}, 422, "z.0.0"),
    ("post", "/api/models/0/decode", {}, 422, "z"),
    ("post", "/api/models/0/walk", {"points": [[1]]}, 422, "points.0"),
    ("post", "/api/models/0/walk", {"map": "codes", "points": [[1, 1]], "code": [1]}, 422, "z"),
    ("post", "/api/models/0/grid", {"bounds": [0, 0, 1]}, 422, "bounds"),
    ("post", "/api/models/0/grid", {"bounds": [0, 0, 1, 1], "rows": 1000}, 422, "rows"),
    ("post", "/api/models/0/interpolate", {"from": 0, "to": 300}, 422, "from"),
    ("post", "/api/models/0/direction", {"from": [], "to": [1]}, 422, "from"),
    ("post", "/api/models/0/direction", {"from": [1], "to": [301]}, 422, "to"),
    ("post", "/api/models/0/sample", {"temperature": -1}, 422, "temperature"),
    ("post", "/api/models/0/encode", {"pixels": [0.5]}, 422, "pixels"),
    ("post", "/api/models/0/encode", {"cells": [1, 2]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": ["x", 1, "Ulm", True, None]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1, 1, "Rome", True, None]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1, 1, "Ulm", 7, None]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1, 1, "Ulm", True, "soon"]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1e30, 1, "Ulm", True, None]}, 200, None),
    ("post", "/api/selection.csv", {"indices": [1, 300]}, 422, "indices"),
    ("post", "/api/selection.csv", {"indices": [1], "more": 1}, 422, "more"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "field"), WRONG)
def test_bad_input_names_the_field(of_table, method, path, body, status, field):
    response = getattr(of_table, method)(path, **({} if body is None else {"json": body}))
    assert response.status_code == status, response.text
    if status != 200:
        error = response.json()["error"]
        assert error["field"] == field and error["message"] and "Traceback" not in response.text


@pytest.mark.parametrize("body", [[0.5] * 63, [2.0] * 64])
def test_wrong_pixels_are_refused(of_digits, body):
    response = of_digits.post("/api/models/0/encode", json={"pixels": body})
    assert response.status_code == 422 and response.json()["error"]["field"] == "pixels"


def test_a_wrong_curve_is_refused(of_signal):
    response = of_signal.post("/api/models/0/encode", json={"curve": [[0.0] * 16]})
    assert response.status_code == 422 and response.json()["error"]["field"] == "curve"


def test_other_hosts_and_origins_are_refused(of_table):
    assert of_table.get("/api/state", headers={"Host": "evil.example"}).status_code == 403
    assert of_table.get("/api/state", headers={"Origin": "http://evil.example"}).status_code == 403


def test_no_examples_leaves_rows_out(asgi, rows, detector):
    client = asgi(explorer_app(open_session({"detector": detector}, rows, visible=False)))
    text = client.get("/api/state").text
    assert not json.loads(text)["examples"] and "column:" not in text
    assert client.get("/api/examples/1/value").status_code == 403
    shown = ok(client.get("/api/models/0/examples/1"))
    assert shown["original"] is shown["reconstruction"] is shown["contributions"] is None
    assert client.post("/api/selection.csv", json={"indices": [5]}).text == "row\n5\n"
    assert client.get("/api/colours/column:size").status_code == 404
