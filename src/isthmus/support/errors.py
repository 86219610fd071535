"""The exceptions that isthmus raises on purpose; each message names the value, its location and the remedy."""

from collections.abc import Iterable
from difflib import get_close_matches
from types import ModuleType

from isthmus.support.synonyms import plain, synonym, unsupported


class IsthmusError(Exception):
    """Base of all errors that isthmus raises on purpose."""


class InputError(IsthmusError, ValueError):
    """The data, a name or a setting given by the user cannot be used."""


class TooFewRowsError(InputError):
    """There are too few rows, to train on as a rule.

    Parameters
    ----------
    rows : int
    purpose : str, default "training"
        What needs more.
    needed : int, default 2
        How many it needs.
    """

    def __init__(self, rows: int, purpose: str = "training", needed: int = 2) -> None:
        super().__init__(
            f"X has {counted(rows, 'row')} (n_samples = {rows}), but {purpose} needs at least {needed}: give more"
        )
        self.rows, self.purpose, self.needed = rows, purpose, needed


class InputTypeError(InputError, TypeError):
    """An input of a type that cannot be used."""


class FileFormatError(IsthmusError, ValueError):
    """A file is truncated, tampered with, foreign, or of a version this release cannot read."""


class DivergenceError(IsthmusError, ArithmeticError):
    """Training met a loss that is not finite; the best weights so far are kept."""


class MissingExtraError(IsthmusError, ImportError):
    """An optional library is not installed; the message names the extra that brings it."""


class DataWarning(UserWarning):
    """Something that a user should know of rows: those to train on, or new ones."""


class ColumnWarning(DataWarning):
    """A column that may be something else than it is read as."""


class EqualRowsWarning(DataWarning):
    """Training rows that are equal, where a calibration takes each for another."""


def nearest(kind: str, name: object, known: Iterable[str]) -> str | None:
    """Return the known name that is most likely meant: what others call so, or one that is spelt alike.

    Examples
    --------
    >>> nearest("variant", "vae", ["plain", "variational"]), nearest("variant", "plane", ["plain", "variational"])
    ('variational', 'plain')
    """
    known = list(known)
    meant = synonym(kind, name)
    if meant in known:
        return meant
    if unsupported(kind, name):
        return None
    alike = (get_close_matches(spelling, known, n=1, cutoff=0.6) for spelling in (str(name), str(name).lower()))
    return next((near[0] for near in alike if near), None)


def hint(kind: str, name: object, known: Iterable[str]) -> str:
    """Return the end of the sentence about an unknown name: which one is meant, or that there is no such thing."""
    meant, reason = nearest(kind, name, known), unsupported(kind, name)
    if meant is not None:
        return f"; did you mean {meant!r}?"
    return f": {reason}." if reason else "."


def unknown(what: str, name: object, known: Iterable[str], kind: str | None = None) -> str:
    """Return the message for an unknown name: the nearest known one first, then all of them.

    Parameters
    ----------
    what : str
    name : object
    known : iterable of str
    kind : str or None, default None
        Under which `isthmus.support.synonyms` has its synonyms; None: `what`.

    Examples
    --------
    >>> unknown("variant", "denoise", ["plain", "denoising"])
    "unknown variant 'denoise'; did you mean 'denoising'? Known: plain, denoising"
    >>> unknown("variant", "vq-vae", ["plain", "denoising"])
    "unknown variant 'vq-vae': isthmus has no vector-quantized autoencoder. Known: plain, denoising"
    """
    known = list(known)
    return f"unknown {what} {name!r}{hint(kind or what, name, known)} Known: {', '.join(known) or 'none'}"


def public_hint(name: str, public: Iterable[str]) -> str:
    """Return the end of the sentence about an unknown public name, such as that of a class that others have.

    Examples
    --------
    >>> public_hint("VAE", ["Plain", "Variational"]), public_hint("Varational", ["Plain", "Variational"])
    ("; did you mean 'Variational'?", "; did you mean 'Variational'?")
    """
    spelt = {plain(known): known for known in public}
    meant = nearest("variant", name, spelt)
    return f"; did you mean {spelt[meant]!r}?" if meant else ""


def listed(texts: Iterable[str], max_texts: int = 10) -> str:
    """Return texts separated by commas, with the number of those beyond `max_texts`.

    Examples
    --------
    >>> listed("abcd", max_texts=2)
    'a, b and 2 more'
    """
    texts = list(texts)
    more = f" and {len(texts) - max_texts} more" if len(texts) > max_texts else ""
    return f"{', '.join(texts[:max_texts])}{more}"


def counted(count: int, noun: str) -> str:
    """Return a number and what it counts, in the singular for one.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(0, "category"), counted(2, "day")
    ('1 row', '1,200 rows', '0 categories', '2 days')
    """
    many = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"
    return f"{count:,} {noun if count == 1 else many}"


def extra(module: str, name: str) -> ModuleType:
    """Import an optional module; if it is missing, raise an error that names the extra to install.

    Parameters
    ----------
    module : str
        Dotted name of the module, such as ``"pyarrow.parquet"``.
    name : str
        The extra of isthmus that installs it, such as ``"tables"``.

    Raises
    ------
    MissingExtraError
        The module is not installed.
    """
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise MissingExtraError(
            f"this needs the package {package!r}, which is not installed: pip install 'isthmus[{name}]'"
        ) from error
