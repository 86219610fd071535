"""The OpenAPI document: it is one, and what is made up from it breaks nothing."""

import warnings

import pytest
from hypothesis import HealthCheck, Phase, settings

from isthmus.apps.server.app import build

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip("schemathesis")

OFFERED = ("machine", "people", "digits", "gaps")


def test_it_names_what_each_model_offers(client):
    document = client.get("/openapi.json").json()
    assert "/v1/models/people/sample" in document["paths"] and "/v1/models/people/impute" not in document["paths"]
    score = document["paths"]["/v1/models/machine/score"]["post"]["requestBody"]["content"]["application/json"]
    assert set(score["schema"]["oneOf"][1]["properties"]["columns"]["properties"]) == {f"c{i}" for i in range(9)}
    assert document["paths"]["/v2/models/machine/infer"] and document["paths"]["/metrics"]
    assert not [path for path in ("/docs", "/redoc") if client.get(path).status_code != 404]


@pytest.fixture(scope="module")
def fuzzed(models):
    """The document of some models, with the app behind it."""
    app = build({name: models[name] for name in OFFERED}, max_rows=50, timeout=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return schemathesis.openapi.from_asgi("/openapi.json", app)


schema = schemathesis.pytest.from_fixture("fuzzed")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@schema.parametrize()
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_that_is_made_up_breaks_the_server(case):
    response = case.call()
    case.validate_response(response, checks=CHECKS)


CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.load_all_checks() or schemathesis.checks.CHECKS.get_one("status_code_conformance"),
    schemathesis.checks.CHECKS.get_one("content_type_conformance"),
    schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
]
