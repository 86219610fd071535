"""``/v2``: the Open Inference Protocol, which the clients of Triton and KServe speak."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from fastapi import FastAPI
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import isthmus
from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.bodies import JSON, OCTETS, received
from isthmus.apps.server.cells import quoted
from isthmus.apps.server.conditions import CONDITION
from isthmus.apps.server.kinds.base import Rows
from isthmus.apps.server.models import Model, Results
from isthmus.apps.server.service import Service
from isthmus.apps.server.signature import (
    CODES,
    RECONSTRUCTIONS,
    VERSION,
    WHOLE,
    inputs_of,
    metadata,
    operation_of,
    outputs_of,
)
from isthmus.apps.server.tensors import response_of, split, tensors_of

Options = dict[str, str | bool]


class Inference:
    """``POST /v2/models/{name}/infer`` (ASGI), and the pages beside it.

    Parameters
    ----------
    service : Service
    """

    path = "/v2/models/{name}/infer"

    def __init__(self, service: Service) -> None:
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["route"] = self
        model = self._model(**scope["path_params"])
        headers = dict(scope["headers"])
        document, data = split(await received(receive), headers.get(b"inference-header-content-length"))
        tensors = tensors_of(document, data)
        decodes = CODES in tensors and CODES not in (field.name for field in model.fields)
        wanted = _wanted(document, outputs_of(model, decodes))
        results = await self._outputs(model, tensors, decodes, list(wanted), _pool(document))
        head = {"model_name": model.name, "model_version": VERSION}
        head |= {"id": document["id"]} if isinstance(document.get("id"), str) else {}
        body, length = response_of(head, {name: results[name] for name in wanted}, wanted)
        extra = {} if length is None else {"Inference-Header-Content-Length": str(length)}
        await Response(body, 200, extra, OCTETS if extra else JSON)(scope, receive, send)

    def _model(self, name: str, version: str = VERSION) -> Model:
        if version != VERSION:
            raise Refused(404, f"there is no version {version!r} of {name!r}: there is {VERSION!r}", "version")
        return self.service.model(name)

    async def _outputs(
        self, model: Model, tensors: dict[str, np.ndarray], decodes: bool, wanted: list[str], pool: Options
    ) -> dict[str, np.ndarray]:
        """Return the requested outputs, and others computed with them."""
        beside = [field.name for field in model.conditions.fields] if decodes or model.conditions.labelled else []
        condition_cells = {name: _cells(name, tensors.pop(name)) for name in beside if name in tensors}
        rows = codes_of(model, tensors) if decodes else rows_of(model, tensors)
        condition = condition_cells.get(CONDITION) if model.conditions.labelled else condition_cells or None
        operations = {"decode" if decodes else operation_of(name) for name in wanted}
        options: dict[str, Options] = {"score": {"explain": True} if "contributions" in wanted else {}, "encode": pool}
        asked = [self.service.ask(model, name, rows, condition, **options.get(name, {})) for name in operations]
        results: dict[str, np.ndarray] = {}
        for name, answer in zip(operations, await asyncio.gather(*asked), strict=True):
            results |= arrays_of(model, name, answer)
        return results

    def add_pages(self, app: FastAPI) -> None:
        """Add the pages for health and metadata."""

        @app.get("/v2", tags=["inference"])
        async def server() -> dict[str, Any]:
            """Say what the server is."""
            return {"name": "isthmus", "version": isthmus.__version__, "extensions": ["binary_tensor_data"]}

        @app.get("/v2/health/live", tags=["inference"])
        async def live() -> dict[str, bool]:
            """Tell that the server lives."""
            return {"live": True}

        @app.get("/v2/health/ready", tags=["inference"])
        async def ready() -> dict[str, bool]:
            """Tell that the models are loaded."""
            return {"ready": True}

        @app.get("/v2/models/{name}/ready", tags=["inference"])
        @app.get("/v2/models/{name}/versions/{version}/ready", tags=["inference"], include_in_schema=False)
        async def model_ready(name: str, version: str = VERSION) -> dict[str, Any]:
            """Tell that a model is loaded."""
            return {"name": self._model(name, version).name, "ready": True}

        @app.get("/v2/models/{name}", tags=["inference"])
        @app.get("/v2/models/{name}/versions/{version}", tags=["inference"], include_in_schema=False)
        async def model(name: str, version: str = VERSION) -> JSONResponse:
            """Say which tensors go in and come out."""
            return JSONResponse(metadata(self._model(name, version)))


def infer_routes(inference: Inference) -> list[Route]:
    """Return the routes of inference."""
    versioned = inference.path.replace("/infer", "/versions/{version}/infer")
    return [Route(path, inference, methods=["POST"]) for path in (inference.path, versioned)]


def _wanted(document: dict[str, Any], known: dict[str, Any]) -> dict[str, bool]:
    """Return the outputs that a request names, and whether each is wanted as binary data; all if it names none."""
    binary = _flag(document, "binary_data_output", False)
    asked = document.get("outputs")
    if asked is None or asked == []:
        return dict.fromkeys(known, binary)
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise Refused(422, "'outputs' must be a list of objects", "outputs")
    wanted = {}
    for one in asked:
        name = one.get("name")
        if not isinstance(name, str) or (name not in known and name != "contributions"):
            raise Refused(422, f"there is no output {name!r}; there are: {', '.join(known)}, contributions", "outputs")
        wanted[name] = _flag(one, "binary_data", binary)
    return wanted


def _pool(document: dict[str, Any]) -> Options:
    """Return the option that codes are pooled over their positions, where a request's parameters ask for it."""
    pool = (document.get("parameters") or {}).get("pool")  # that they are an object was checked
    if pool not in (None, "mean"):
        raise Refused(422, f"'parameters': pool is {quoted(pool)}; expected \"mean\"", "parameters")
    return {"pool": pool} if pool else {}


def _flag(entry: dict[str, Any], name: str, default: bool) -> bool:
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict) or not isinstance(parameters.get(name, default), bool):
        raise Refused(422, f"'parameters' must be an object, its {name!r} true or false", "parameters")
    return bool(parameters.get(name, default))


def rows_of(model: Model, tensors: dict[str, np.ndarray]) -> Rows:
    """Return the rows in tensors.

    Raises
    ------
    Refused
        The model does not take these tensors.
    """
    columns = model.layout.columns
    names = [entry["name"] for entry in inputs_of(model)]
    wholes = {WHOLE} - set(names) if columns else {WHOLE, names[0]}
    name = next(iter(tensors), names[0])
    if len(tensors) == 1 and name in wholes:
        return model.layout.array(_numbers(name, tensors[name]))
    if not columns:
        raise Refused(422, f"the inputs are {list(tensors)}; expected one, {names[0]!r}", name)
    return model.layout.read("columns", {name: _cells(name, tensor) for name, tensor in tensors.items()})


def codes_of(model: Model, tensors: dict[str, np.ndarray]) -> Rows:
    """Return the codes in tensors.

    Raises
    ------
    Refused
        They do not fit the model, or come with other tensors.
    """
    for name in tensors:
        if name != CODES:
            raise Refused(422, f"the input {name!r} does not go with {CODES!r}", name)
    return model.codes.array(_numbers(CODES, tensors[CODES]))


def _cells(name: str, tensor: np.ndarray) -> np.ndarray:
    if tensor.ndim != 1 and tensor.shape[1:] != (1,):
        raise Refused(422, f"input {name!r} of shape {list(tensor.shape)}; expected [n] or [n, 1]", name)
    if not len(tensor):
        raise Refused(422, f"input {name!r} has no rows", name)
    return tensor.reshape(-1)


def _numbers(name: str, tensor: np.ndarray) -> np.ndarray:
    if tensor.dtype == object:
        raise Refused(422, f"input {name!r} holds text; expected numbers", name)
    return tensor


def arrays_of(model: Model, operation: str, results: Results) -> dict[str, np.ndarray]:
    """Return the results of an operation as tensors."""
    if "codes" in results:
        return {CODES: np.asarray(results["codes"], np.float64)}
    if "rows" not in results:
        return {name: np.asarray(values) for name, values in results.items()}
    begin = next((begin for begin, known in RECONSTRUCTIONS.items() if known == operation), "reconstruction")
    names = [f"{begin}.{entry['name']}" for entry in model.layout.inputs()]
    return dict(zip(names, model.layout.tensors(results["rows"]), strict=True))
