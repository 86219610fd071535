"""The OpenAPI document: it is one, and nothing that is made up from it breaks the server."""

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from isthmus.apps.server.app import build

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip("schemathesis")

OFFERED = ("machine", "people", "digits", "gaps", "labelled")


def test_it_names_what_each_model_offers(client):
    document = client.get("/openapi.json").json()
    assert "/v1/models/people/sample" in document["paths"] and "/v1/models/people/impute" not in document["paths"]
    score = document["paths"]["/v1/models/machine/score"]["post"]["requestBody"]["content"]["application/json"]
    assert set(score["schema"]["oneOf"][1]["properties"]["columns"]["properties"]) == {f"c{i}" for i in range(9)}
    assert document["paths"]["/v2/models/machine/infer"] and document["paths"]["/metrics"]
    assert not [path for path in ("/docs", "/redoc") if client.get(path).status_code != 404]


@pytest.fixture
def fuzzed(models):
    """The document of some models, with the app behind it: it ends with each test."""
    app = build({name: models[name] for name in OFFERED}, max_rows=50, timeout=20, allow=["*"])
    found = schemathesis.openapi.from_asgi("/openapi.json", app)
    found.config.request_timeout = 60  # the app's own time is over before: what is stuck is a 504
    found.config.checks.negative_data_rejection.expected_statuses = ["400", "404", "406", "413", "415", "422"]
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_nothing_that_is_made_up_breaks_the_server(fuzzed, mode):
    operations = [found.ok() for found in fuzzed.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        if mode is schemathesis.GenerationMode.POSITIVE or operation.body:  # of what has no body nothing can be wrong
            _try(operation.as_strategy(generation_mode=mode), [check(name) for name in CHECKS])


CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)


def check(name):
    schemathesis.checks.load_all_checks()
    return schemathesis.checks.CHECKS.get_one(name)


def _try(strategy, checks):
    @given(case=strategy)
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def conforms(case):
        case.validate_response(case.call(), checks=checks)

    conforms()
