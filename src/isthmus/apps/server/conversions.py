"""Conversions: operations on one body, which is no rows: an image to a compressed file, and back to what that holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from isthmus import FileFormatError, InputError
from isthmus.apps.http.refusals import Refused
from isthmus.apps.http.uploaded import as_file
from isthmus.apps.server.bodies import NPY, OCTETS, PNG, array_of, as_npy
from isthmus.apps.server.cells import quoted
from isthmus.apps.server.schemas import Schema
from isthmus.data.images.head import TooManyPixels
from isthmus.support.errors import extra
from isthmus.tasks.compression import arrays
from isthmus.tasks.compression.chunks import read
from isthmus.tasks.compression.conversion import image_file, read_picture, unpacked_data
from isthmus.tasks.compression.pictures import Picture, unpacked_picture
from isthmus.tasks.compression.sizes import TooLargeError, check_size

if TYPE_CHECKING:
    from isthmus import Compressor

COMPRESSED = "application/vnd.isthmus"
PICTURES = (PNG, "image/jpeg", "image/webp", "image/tiff", "image/bmp", "image/avif")
FORMS = {".csv": "text/csv", ".parquet": "application/vnd.apache.parquet", ".npy": NPY}
"""Content types of tables and arrays, by the ending of their files."""


class Request(NamedTuple):
    """A body to convert.

    Attributes
    ----------
    body : bytes
    kind : str
        Its content type.
    accept : str
        The content types of answers that the client accepts.
    options : dict
        By the names of parameters.
    limit : int
        How many bytes it may stand for, once it is unpacked.
    """

    body: bytes
    kind: str
    accept: str
    options: dict[str, float]
    limit: int


class Converted(NamedTuple):
    """The content type of an answer, and its content."""

    kind: str
    content: bytes


class Parameter(NamedTuple):
    """A query parameter: which numbers it may be, in words and as a schema."""

    fits: Callable[[float], bool]
    meant: str
    schema: Schema

    def number(self, name: str, text: str) -> float:
        """Return the number that a client wrote.

        Raises
        ------
        Refused
            It is none, or another than may be.
        """
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not (isfinite(value) and self.fits(value)):
            raise Refused(422, f"{name}={quoted(text)} cannot be: {self.meant}", name)
        return value


@dataclass(frozen=True)
class Conversion:
    """An operation on one body.

    Attributes
    ----------
    convert : callable
        Answers a `Request`; it raises InputError and FileFormatError for a body that cannot be converted.
    takes, returns : tuple of str
        Content types of bodies and of answers.
    parameters : mapping of str to Parameter, default {}
        Those of the query; a client chooses one at most of those in `rivals`.
    rivals : tuple of str, default ()
    """

    convert: Callable[[Request], Converted]
    takes: tuple[str, ...]
    returns: tuple[str, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    rivals: tuple[str, ...] = ()

    def options(self, asked: Mapping[str, str]) -> dict[str, float]:
        """Return the options in a query, whose names are known.

        Raises
        ------
        Refused
            One cannot be, or not beside another.
        """
        options = {name: self.parameters[name].number(name, text) for name, text in asked.items()}
        if len(rivals := [name for name in self.rivals if name in options]) > 1:
            raise Refused(422, f"{' and '.join(rivals)}: choose one of {', '.join(self.rivals)}", rivals[1])
        return options

    def __call__(self, request: Request) -> Converted:
        """Answer a request.

        Raises
        ------
        Refused, InputError
            The body cannot be converted, or not to what the client accepts.
        """
        if request.kind not in self.takes:
            raise Refused(415, f"a body of {request.kind!r}: send {', '.join(self.takes)}", "Content-Type")
        try:
            return self.convert(request)
        except (TooManyPixels, TooLargeError) as error:
            raise Refused(413, str(error), "body") from error
        except FileFormatError as error:
            raise Refused(422, str(error), "body") from error


TARGETS = ("quality", "target_bpp", "target_psnr")
POSITIVE: Schema = {"type": "number", "exclusiveMinimum": 0}
PARAMETERS = {
    "quality": Parameter(
        lambda value: 0 <= value <= 100,
        "a number from 0 to 100, about as of JPEG; the default is 75",
        {"type": "number", "minimum": 0, "maximum": 100},
    ),
    "target_bpp": Parameter(lambda value: value > 0, "bits per pixel, at most: a number above 0", POSITIVE),
    "target_psnr": Parameter(lambda value: value > 0, "decibels, at least: a number above 0", POSITIVE),
    "effort": Parameter(
        lambda value: value in (0, 1), "1, or 0 for somewhat faster and larger", {"enum": [0, 1], "default": 1}
    ),
    "detail": Parameter(
        lambda value: 0 <= value <= 1,
        "a number from 0 to 1, how much finer steps are where there is little texture; the default is the model's",
        {"type": "number", "minimum": 0, "maximum": 1},
    ),
}


def conversions_of(compressor: Compressor) -> dict[str, Conversion]:
    """Return the conversions that a compressor offers, by the names of their operations.

    Raises
    ------
    MissingExtraError
        The library of coders is not installed.
    """
    extra("constriction", "compression")

    def compress(request: Request) -> Converted:
        return Converted(COMPRESSED, compressor.compress_picture(_picture(request), **_typed(request.options)))

    def decompress(request: Request) -> Converted:
        return _decompressed(compressor, request)

    return {
        "compress": Conversion(compress, (*PICTURES, NPY), (COMPRESSED,), PARAMETERS, TARGETS),
        "decompress": Conversion(decompress, (COMPRESSED, OCTETS), (PNG, *FORMS.values())),
    }


def _typed(options: dict[str, float]) -> dict[str, Any]:
    return {name: int(value) if name == "effort" else value for name, value in options.items()}


def _picture(request: Request) -> Picture:
    """Return the picture in a body: an image file, with what goes with it, or an array."""
    if request.kind == NPY:
        return arrays.picture_of(array_of(request.body))
    with as_file(request.body, "body") as path:
        return read_picture(path, request.limit)[0]


def _decompressed(compressor: Compressor, request: Request) -> Converted:
    """Return what a compressed file holds."""
    chunks = read(request.body)
    check_size(chunks, request.limit)
    if (data := unpacked_data(chunks)) is not None:
        return Converted(_accepted((FORMS[data.ending],), request.accept), data.content)
    picture, _ = unpacked_picture(request.body, compressor.codec_of)
    if _accepted((PNG, NPY), request.accept) == NPY:
        return Converted(NPY, as_npy(arrays.array_of(picture)))
    try:
        return Converted(PNG, image_file(picture, ".png"))
    except InputError as error:
        what = f"pixels of type {picture.pixels.dtype} in {picture.pixels.shape[2]} channels"
        raise Refused(422, f"the image has {what}, which PNG does not hold: accept {NPY}", "Accept") from error


def _accepted(forms: tuple[str, ...], accept: str) -> str:
    """Return the first of some forms that a client accepts; the first of all if it asks for no form that is known.

    Raises
    ------
    Refused
        It accepts other forms only.
    """
    accepted = [form for form in forms if form in accept]
    others = [form for form in (PNG, *FORMS.values()) if form in accept]
    if others and not accepted and "*/*" not in accept:
        raise Refused(406, f"this file holds no {others[0]}: accept {' or '.join(forms)}", "Accept")
    return (*accepted, *forms)[0]
