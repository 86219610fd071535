"""Parts: classes with a kind and a name that remember their arguments, so that a file can describe and restore them.

Nothing here imports torch: the command line reads the tables of parts and variants without it.
"""

import copy
import functools
import inspect
import math
import reprlib
from collections.abc import Callable, Container, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

from isthmus.support.errors import FileFormatError, InputError, unknown

T = TypeVar("T")

PARTS: dict[str, type] = {}
FORMER: dict[str, str] = {}
"""Current names of parts by their former names, which model files may contain."""
RENAMED: dict[str, dict[str, str]] = {}
"""The same for the arguments of each part."""
ABSENT: dict[str, dict[str, Any]] = {}
"""For each part, the values of arguments in model files that are older than these arguments."""
SEQUENCES: dict[str, str] = {}
"""For each kind, the part that a sequence of numbers stands for."""
CATALOGUES = ("isthmus.parts.catalogue", "isthmus.data.infer")
"""Modules whose `load_all` registers parts; they are loaded when a name is unknown."""
SHORT = reprlib.Repr()
SHORT.maxother = SHORT.maxstring = 60
"""How the arguments of a part are shown: containers by their first elements, other values by 60 characters."""
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def part(
    name: str,
    *,
    was: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
    absent: Mapping[str, Any] | None = None,
    sequence: bool = False,
) -> Callable[[type[T]], type[T]]:
    """Register a class as the part ``"kind/name"`` and make its instances remember their arguments.

    Parameters
    ----------
    name : str
        Kind and name, such as ``"bottleneck/gaussian"``; unique together.
    was : sequence of str, default ()
        Former names, which model files may contain.
    renamed : mapping of str, optional
        Current names of arguments by their former names, which model files may contain.
    absent : mapping, optional
        Values of arguments that older model files lack, where those are not the defaults.
    sequence : bool, default False
        Whether a sequence of numbers stands for this part of its kind: it is the first argument.

    Raises
    ------
    InputError
        The name has no kind, or another class has it already.
    """
    if name.count("/") != 1:
        raise InputError(f"a part is named 'kind/name', not {name!r}")

    def register(cls: type[T]) -> type[T]:
        holder = PARTS.get(name)
        if holder is not None and (holder.__module__, holder.__qualname__) != (cls.__module__, cls.__qualname__):
            raise InputError(f"the part {name!r} exists already: {holder.__module__}.{holder.__qualname__}")
        PARTS[name] = cls
        FORMER.update(dict.fromkeys(was, name))
        RENAMED[name] = dict(renamed or {})
        ABSENT[name] = dict(absent or {})
        if sequence:
            SEQUENCES[name.partition("/")[0]] = name
        cls.part_name = name  # type: ignore[attr-defined]  # the one attribute the decorator adds
        if not hasattr(cls, "get_params"):  # an estimator's arguments are its parameters
            _remember(cls)
        return cls

    return register


def _remember(cls: type) -> None:
    original = cls.__init__  # type: ignore[misc]  # wrapping the constructor is the point
    signature = inspect.signature(original)

    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        if "_arguments" not in self.__dict__:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            bound_arguments = {n: v for n, v in bound.arguments.items() if signature.parameters[n].kind not in VARIADIC}
            del bound_arguments["self"]
            object.__setattr__(self, "_arguments", bound_arguments)
        original(self, *args, **kwargs)

    cls.__init__ = init  # type: ignore[misc]
    open_class: Any = cls
    if open_class.__repr__ is object.__repr__:
        open_class.__repr__ = _as_call
    elif "__repr__" not in vars(cls) and "extra_repr" not in vars(cls):
        open_class.extra_repr = _in_brackets


def _as_call(obj: Any) -> str:
    """Return a part as the call that makes it."""
    return f"{type(obj).__name__}({_changed(obj)})"


def _changed(obj: Any, without: Container[str] = ()) -> str:
    """Return the arguments of a part that differ from the defaults, as in a call; long ones are cut short."""
    parameters = inspect.signature(type(obj).__init__).parameters
    left = {name: value for name, value in arguments(obj).items() if name not in without}
    changed = {name: value for name, value in left.items() if repr(value) != repr(parameters[name].default)}
    return ", ".join(f"{name}={SHORT.repr(value)}" for name, value in changed.items())


def _in_brackets(module: Any) -> str:
    """Return what PyTorch shows of a module that is a part: its arguments without the modules in it, which follow."""
    return _changed(module, dict(module.named_children()))


def arguments(obj: Any) -> dict[str, Any]:
    """Return the arguments with which a part was constructed, including defaults."""
    if hasattr(obj, "get_params"):
        return dict(obj.get_params(deep=False))
    return dict(obj._arguments)


def spell(obj: Any) -> str:
    """Return a part as Python code.

    Examples
    --------
    >>> from isthmus.parts.schedules import Warmup
    >>> spell(Warmup(2.0))
    'warmup(value=2.0, fraction=0.3)'
    """
    if not is_part(obj):
        return type(obj).__name__
    listing = ", ".join(f"{name}={value!r}" for name, value in arguments(obj).items())
    return f"{type(obj).part_name.partition('/')[2]}({listing})"


def unbuilt_copy(obj: T) -> T:
    """Return a new, unbuilt copy of a part, constructed from the same arguments.

    A frozen part is copied as it is, with its weights: nothing would build or train them again.
    """
    if getattr(type(obj), "frozen", False):
        return copy.deepcopy(obj)
    return type(obj)(**{name: _fresh_value(value) for name, value in arguments(obj).items()})


def _fresh_value(value: object) -> Any:
    return unbuilt_copy(value) if is_part(value) else copy.deepcopy(value)


def part_name(obj: object) -> str:
    """Return the name ``"kind/name"`` of a part; the class name of any other object."""
    return str(getattr(type(obj), "part_name", type(obj).__name__))


def kind_and_name(obj: object) -> tuple[str, str]:
    """Return ``("kind", "name")`` of a part, as messages call it."""
    kind, _, name = part_name(obj).partition("/")
    return kind, name


def is_part(obj: object) -> bool:
    """Tell whether an object is an instance of a registered part."""
    return not isinstance(obj, type) and hasattr(type(obj), "part_name")


def names(kind: str) -> list[str]:
    """Return the short names of all registered parts of a kind, in order of registration."""
    return [key.partition("/")[2] for key in PARTS if key.startswith(kind + "/")]


def lookup(name: str) -> type:
    """Return the class of the part ``"kind/name"``: from the catalogue, then from installed entry points.

    The first unknown name loads the catalogue; former names are valid.

    Raises
    ------
    InputError
        There is no such part; the message names the nearest one.
    """
    if name not in PARTS:
        _load_catalogues()
    name = FORMER.get(name, name)
    if name not in PARTS:
        from importlib.metadata import entry_points  # costs a tenth of the time of `isthmus --help`

        for entry in entry_points(group="isthmus.parts"):
            if entry.name == name:
                entry.load()
    if name not in PARTS:
        kind, _, short = name.partition("/")
        raise InputError(unknown(kind or "part", short, names(kind)))
    return PARTS[name]


def _load_catalogues() -> None:
    for catalogue in CATALOGUES:
        import_module(catalogue).load_all()


def resolve(kind: str, value: object, **arguments: Any) -> Any:
    """Return the part with a name, or that a sequence of numbers stands for; a part itself unchanged.

    Examples
    --------
    >>> from isthmus.parts.schedules import Constant
    >>> resolve("schedule", Constant(2.0))(0.5)
    2.0
    """
    if isinstance(value, str):
        return lookup(f"{kind}/{value}")(**arguments)
    if not is_part(value):
        _load_catalogues()
        if (sequence := _sequence(kind, value)) is not None:
            return lookup(SEQUENCES[kind])(sequence, **arguments)
        raise InputError(f"expected the name of a {kind} or a {kind}, got {value!r}; names: {', '.join(names(kind))}")
    return value


def stands_for_a_part(kind: str, value: object) -> bool:
    """Tell whether a value is the name of a registered part, or a sequence of numbers that stands for one."""
    return value in names(kind) if isinstance(value, str) else _sequence(kind, value) is not None


def _sequence(kind: str, value: object) -> tuple[Any, ...] | None:
    """Return a sequence that stands for a part; None if the value is none, or no part of its kind takes one."""
    return tuple(value) if isinstance(value, (list, tuple)) and kind in SEQUENCES else None


def describe(value: object) -> Any:
    """Turn a part, or a plain value, into JSON: parts become ``{"part": name, "arguments": {...}}``.

    Raises
    ------
    InputError
        A value inside is neither a part nor plain (None, bool, number, text, list, tuple, dict).
    """
    if is_part(value):
        unsaved = getattr(value, "UNSAVED", ())
        described = {name: describe(v) for name, v in arguments(value).items() if name not in unsaved}
        return {"part": part_name(value), "arguments": described}
    if value is None or isinstance(value, (bool, str)):
        return value
    if hasattr(value, "item") and getattr(value, "shape", None) == ():  # a NumPy or torch number
        value = value.item()
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, (list, tuple)):
        return [describe(v) for v in value]
    if isinstance(value, dict) and all(isinstance(k, str) for k in value):
        return {"dict": {k: describe(v) for k, v in value.items()}}
    raise InputError(
        f"{value!r} (a {type(value).__name__}) cannot be written into a model file; "
        "a class of your own can, once it is decorated with @part('kind/name')"
    )


def build(description: object) -> Any:
    """Build what `describe` described; lists come back as tuples.

    Raises
    ------
    FileFormatError
        The description names an unknown part, or arguments that the part does not take.
    """
    if isinstance(description, list):
        return tuple(build(v) for v in description)
    if not isinstance(description, dict):
        return description
    if "float" in description:
        return float(description["float"])
    if "dict" in description:
        return {k: build(v) for k, v in description["dict"].items()}
    try:
        cls = lookup(description["part"])
        name: str = cls.part_name  # type: ignore[attr-defined]  # all that `lookup` finds has it
        names, absent = RENAMED.get(name, {}), ABSENT.get(name, {})
        return cls(**{**absent, **{names.get(k, k): build(v) for k, v in description["arguments"].items()}})
    except (KeyError, TypeError, AttributeError, InputError) as error:
        raise FileFormatError(f"the description {str(description)[:80]!r} cannot be built: {error}") from error
