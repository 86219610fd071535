"""The OpenAPI document: requests and responses of each model, derived from its fields."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from isthmus.apps.server import schemas
from isthmus.apps.server.bodies import JSON, NPY, OCTETS, PNG, WAV
from isthmus.apps.server.models import Model
from isthmus.apps.server.schemas import NUMBER, Schema
from isthmus.apps.server.service import Service
from isthmus.apps.server.signature import WHOLE
from isthmus.apps.server.tensors import DTYPES

ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["field", "message"],
            "properties": {"field": {"type": ["string", "null"]}, "message": {"type": "string"}},
        }
    },
}
BARE: Schema = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
REFUSALS = {
    400: "The body cannot be read",
    401: "The token is missing",
    403: "The Host or the Origin is not known",
    404: "There is no such model or operation",
    406: "The answer has no such form",
    413: "The body, or the number of rows, is too large",
    415: "The body is of another kind",
    422: "The rows cannot be used",
    500: "The server failed",
    503: "Too many requests wait",
    504: "It took too long",
}
SCORES: Schema = {"type": "array", "items": NUMBER}
REGION: Schema = {
    "type": "object",
    "properties": {
        **{key: {"type": "integer"} for key in ("x", "y", "width", "height", "area")},
        "peak": {"type": "number"},
    },
}
HEAT = "For each image its map, (height, width), in multiples of the threshold; image/png: one image with its overlay"
BINARY: Schema = {"type": "string", "format": "binary"}


def document_of(app: FastAPI, service: Service) -> Schema:
    """Return the document; created on the first call."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes, description=ABOUT)
        for path, methods in document["paths"].items():
            for method in methods.values():
                method["responses"].pop("422", None)
                method["responses"] |= refusals(BARE if path.startswith("/v2/") else ERROR)
        for model in service.models.values():
            document["paths"] |= paths_of(model, service.max_rows)
        document["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        document["security"] = [{}, {"token": []}]
        app.openapi_schema = document
    return dict(app.openapi_schema)


POOL = "null: codes as nested lists, with their positions; mean: their mean over positions"
ABOUT = "Models of isthmus: rows to codes, reconstructions and scores, and back."


def refusals(schema: Schema) -> Schema:
    """Return the responses to requests that are refused."""
    return {
        str(status): {"description": why, "content": {JSON: {"schema": schema}}} for status, why in REFUSALS.items()
    }


def paths_of(model: Model, max_rows: int) -> Schema:
    """Return the paths of a model."""
    name = quote(model.name, safe="")
    paths = {
        f"/v1/models/{name}/{operation}": {"post": _operation(model, operation, max_rows)}
        for operation in model.operations
    }
    paths[f"/v2/models/{name}/infer"] = {
        "post": {
            "summary": f"Infer with {model.name}",
            "operationId": f"infer-{model.name}",
            "tags": ["inference"],
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": _inference(model)}, OCTETS: {"schema": BINARY}},
            },
            "responses": {"200": _content({JSON: {"type": "object"}, OCTETS: BINARY}), **refusals(BARE)},
        }
    }
    return paths


def _operation(model: Model, operation: str, max_rows: int) -> Schema:
    if operation in model.conversions:
        return _conversion(model, operation)
    forms = {JSON: request_of(model, operation, max_rows)}
    if operation != "sample":
        forms[NPY] = BINARY
    if operation not in ("sample", "decode") and model.layout.images:
        forms |= {PNG: BINARY, "image/jpeg": BINARY}
    if operation not in ("sample", "decode") and model.layout.sounds:
        forms[WAV] = BINARY
    answers = {JSON: answer_of(operation), NPY: BINARY, PNG: BINARY, WAV: BINARY}
    return _described(model, operation, _asked(model, operation), forms, answers)


def _conversion(model: Model, operation: str) -> Schema:
    """Return an operation on one body that is no rows."""
    conversion = model.conversions[operation]
    parameters = [
        {"name": name, "in": "query", "schema": one.schema, "description": one.meant}
        for name, one in conversion.parameters.items()
    ]
    takes, returns = dict.fromkeys(conversion.takes, BINARY), dict.fromkeys(conversion.returns, BINARY)
    return _described(model, operation, parameters, takes, returns)


def _described(
    model: Model, operation: str, parameters: list[Schema], takes: dict[str, Schema], returns: dict[str, Schema]
) -> Schema:
    """Return an operation, with the schemas of bodies and of answers by their content types."""
    return {
        "summary": f"{operation.capitalize()} with {model.name}",
        "operationId": f"{operation}-{model.name}",
        "tags": [model.name],
        "parameters": parameters,
        "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind, schema in takes.items()}},
        "responses": {"200": _content(returns), **refusals(ERROR)},
    }


def _asked(model: Model, operation: str) -> list[Schema]:
    """Return the query parameters, for rows that are not JSON."""
    parameters: Schema = {"explain": {"type": "boolean"}} if operation == "score" else {}
    if operation == "encode":
        parameters["pool"] = {"enum": ["mean"]}
    if model.conditions.labelled and operation != "sample":
        parameters["condition"] = {"type": "string"}
    return [{"name": name, "in": "query", "schema": schema} for name, schema in parameters.items()]


def _content(forms: dict[str, Schema]) -> Schema:
    return {"description": "The results", "content": {kind: {"schema": schema} for kind, schema in forms.items()}}


def request_of(model: Model, operation: str, max_rows: int) -> Schema:
    """Return the JSON schema of a request."""
    properties: Schema = {}
    if model.conditions.wanted(operation):
        properties["condition"] = _condition(model)
    if operation == "sample":
        properties |= {
            "n": {"type": "integer", "minimum": 1, "maximum": max_rows, "default": 1},
            "temperature": {"type": "number", "minimum": 0, "exclusiveMaximum": 1e6, "default": 1},
            "seed": {"type": ["integer", "null"], "minimum": 0, "maximum": 2**32 - 1},
        }
        return schemas.fixed(properties, ["condition"] if "condition" in properties else [])
    if operation == "score":
        properties["explain"] = {"type": "boolean", "default": False}
    if operation == "encode":
        properties["pool"] = {"enum": ["mean", None], "default": None, "description": POOL}
    required = [name for name in ("condition",) if name in properties]
    if operation == "decode":
        codes = dict(model.codes.forms(max_rows))
        return schemas.fixed({**codes, **properties}, [*codes, *required])
    forms = model.layout.forms(max_rows)
    return {"oneOf": [schemas.fixed({name: schema, **properties}, [name, *required]) for name, schema in forms]}


def _condition(model: Model) -> Schema:
    if model.conditions.labelled:
        label = {"type": ["string", "number", "boolean"]}
        return {"oneOf": [label, {"type": "array", "items": label, "minItems": 1}]}
    cells = {field.name: schemas.cell(field) for field in model.conditions.fields}
    return schemas.fixed(cells, list(cells))


def answer_of(operation: str) -> Schema:
    """Return the JSON schema of a response."""
    rows: Schema = {"type": "array"}
    if operation == "encode":
        return {"type": "object", "required": ["codes"], "properties": {"codes": rows}}
    if operation == "score":
        properties = {
            "score": SCORES,
            "p_value": SCORES,
            "flagged": {"type": "array", "items": {"type": "boolean"}},
            "threshold": NUMBER,
            "contributions": {},
            "regions": {"type": "array", "items": {"type": "array", "items": REGION}},
        }
        return {"type": "object", "required": ["score"], "properties": properties}
    if operation == "heat_map":
        return {"type": "object", "required": ["heat"], "properties": {"heat": {**rows, "description": HEAT}}}
    columns = {"type": "object", "additionalProperties": rows}
    return {"type": "object", "properties": {"rows": {"type": ["array", "object"]}, "columns": columns}}


def _inference(model: Model) -> Schema:
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"type": "string", "examples": [WHOLE, *(field.name for field in model.fields[:3])]},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "datatype": {"enum": list(DTYPES)},
            "data": {"type": "array"},
            "parameters": {"type": "object"},
        },
    }
    output = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "parameters": {"type": "object"}},
    }
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "parameters": {"type": "object"},
            "inputs": {"type": "array", "minItems": 1, "items": tensor},
            "outputs": {"type": "array", "items": output},
        },
    }
