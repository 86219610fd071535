"""Bodies of requests that the page may send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from isthmus.apps.explorer.kinds.base import Kind, Number

Index = Annotated[int, Field(ge=0, le=2**31)]
Point = Annotated[list[Number], Field(min_length=2, max_length=2)]
Codes = Annotated[list[list[Number]], Field(min_length=1, max_length=4096)]
MapName = Literal["pca", "umap", "codes"]


class Body(BaseModel):
    """A body with no other keys than its own."""

    model_config = ConfigDict(extra="forbid")


class Decode(Body):
    """Codes to be decoded."""

    z: Codes


class OnMap(Body):
    """The name of a map; for the map ``"codes"``, x and y are its code numbers."""

    map: MapName = "pca"
    x: Index = 0
    y: Index = 1


class WalkBody(OnMap):
    """Points of a map, to be decoded."""

    points: Annotated[list[Point], Field(min_length=1, max_length=4096)]
    code: list[Number] | None = None


class Grid(OnMap):
    """A grid over a part of a map: x0, y0, x1, y1."""

    columns: Annotated[int, Field(ge=1, le=64)] = 12
    rows: Annotated[int, Field(ge=1, le=64)] = 12
    bounds: Annotated[list[Number], Field(min_length=4, max_length=4)]
    code: list[Number] | None = None


class Interpolate(OnMap):
    """A line between two examples."""

    from_: Index = Field(alias="from")
    to: Index
    steps: Annotated[int, Field(ge=2, le=256)] = 12


class Direction(Body):
    """Two groups of examples."""

    from_: Annotated[list[Index], Field(alias="from", min_length=1)]
    to: Annotated[list[Index], Field(min_length=1)]


class Sample(OnMap):
    """How many new examples, and how varied."""

    n: Annotated[int, Field(ge=1, le=1024)] = 16
    seed: Annotated[int, Field(ge=0, le=2**53)] = 0
    temperature: Annotated[float, Field(ge=0, le=10)] = 1.0


class Encode(OnMap):
    """One example that the user made; abstract: `encode_body` adds the keys of the kinds of data."""

    noise: Annotated[float, Field(ge=0, le=10)] = 0.0
    erase: Annotated[float, Field(ge=0, le=1)] = 0.0
    seed: Annotated[int, Field(ge=0, le=2**53)] = 0


class OnOne(Body):
    """An example or a file."""

    index: Index | None = None
    file: Index | None = None


class Restore(OnOne):
    """The noise that is added to an example or a file, and how far the model is followed."""

    noise: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: Annotated[int, Field(ge=0, le=2**53)] = 0
    strength: Annotated[float, Field(ge=0, le=1)] = 1.0


class Compress(OnOne):
    """A quality, and whose file of at most as many bytes is wanted."""

    quality: Annotated[float, Field(ge=0, le=100)] = 75.0
    codec: Literal["isthmus", "JPEG", "WebP", "original"] = "isthmus"


class Selection(Body):
    """Some examples."""

    indices: Annotated[list[Index], Field(min_length=1)]


def encode_body(kinds: Iterable[Kind]) -> type[Encode]:
    """Return the body of one example, with a key for each of some kinds of data."""
    fields: dict[str, Any] = {kind.key: (kind.accepts | None, None) for kind in kinds}
    return create_model("Encode", __base__=Encode, **fields)
