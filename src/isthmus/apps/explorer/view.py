"""View: one model on the examples: codes, errors, scores, and what is decoded."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from isthmus import InputError
from isthmus.apps.capabilities import autoencoder_of, compresses, denoises, detects
from isthmus.apps.explorer.abnormality import Abnormality, Detected
from isthmus.apps.explorer.colours import Colour, by_category, by_number
from isthmus.apps.explorer.compression import Compression
from isthmus.apps.explorer.kinds.base import Value, kind_of
from isthmus.apps.explorer.lazy_rows import Columns, ReadRows
from isthmus.apps.explorer.maps.planes import Planes
from isthmus.apps.explorer.once import once
from isthmus.apps.explorer.pieces.at_hand import AtHand
from isthmus.apps.explorer.restoring.restoration import Restoration
from isthmus.support.errors import TooFewRowsError, extra
from isthmus.tasks.compression.comparison import Coded, own

if TYPE_CHECKING:
    from isthmus import Autoencoder

Floats = NDArray[np.float32]

CLUSTERS = 8
CONTRIBUTORS = 3
CODE_RANGE = (0.01, 0.99)
CORES = torch.get_num_threads()
_SEEDED, _BULK = Lock(), Lock()


class View:
    """A model applied to some rows.

    Parameters
    ----------
    model : Autoencoder, or an estimator that holds one as ``autoencoder_``
        Fitted.
    name : str
    read : ReadRows
        The rows, as its data read them.
    detected : callable or None, default None
        Returns the scores of its detector for the examples; None: the score of each row.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    InputError
        There are fewer than two rows.
    """

    def __init__(self, model: Any, name: str, read: ReadRows, detected: Callable[[], Detected] | None = None) -> None:
        check_is_fitted(model)
        if compresses(model):
            extra("constriction", "compression")  # says now what the first file would need
        self.model, self.name, self.read = model, name, read
        self.ae = autoencoder_of(model)
        self.kind = kind_of(self.ae.data_)
        self.graphs = {name: graph.requires_grad_(False) for name, graph in model.graphs().items()}
        self.scored, self._detected = detects(model), detected
        self.maps = "heat_map" in self.graphs
        self.nats = bool(self.ae.model_.likelihood.normalised)
        self.abnormality = Abnormality(model, self.nats, lambda: self.errors, self._asked)
        if len(self) < 2:
            raise TooFewRowsError(len(self), "a map")
        self.known_contributors: dict[int, list[dict[str, Any]]] = {}  # a threshold that is dragged asks again
        self.why = why_not(self.ae, self.graphs)
        encoded = self._all("encode")
        self.codes: Floats = encoded.pop("z").numpy()
        self.conditions = encoded
        self.planes = Planes(self.codes)

    def __len__(self) -> int:
        return len(self.read)

    @property
    def latent_dim(self) -> int:
        """Numbers in a code, or in its mean over positions."""
        return self.codes.shape[1]

    @once
    def code_range(self) -> list[list[float]]:
        """The range in which most codes lie: lower and upper ends."""
        results: list[list[float]] = np.quantile(self.codes, CODE_RANGE, axis=0).tolist()
        return results

    def about(self, id: int) -> dict[str, Any]:
        """Return the description of the model for the page."""
        return {
            "id": id,
            "name": self.name,
            "variant": self.model.card().variant,
            "latent_dim": self.latent_dim,
            "maps": self.planes.about(),
            "decodes": self.decodes,
            "why": self.why,
            "samples": self.decodes,
            "restores": self.restoration.about() if self.unrestored is None else None,
            "compresses": self.compression.about() if compresses(self.model) else None,
            "unrestored": self.unrestored if "denoise" in self.graphs else None,
            "nats": self.nats,
            "scores": self.scored,
            "threshold": self.abnormality.threshold if self.scored else None,
            "code_low": self.code_range[0],
            "code_high": self.code_range[1],
        }

    # -- through the graphs --------------------------------------------------------------------------------------

    @torch.inference_mode()
    def _all(self, name: str) -> Columns:
        """Run a graph over all rows, piece by piece; and return their conditions too."""

        def run(columns: Columns) -> Columns:
            return pooled(self.ae.run_columns(self.graphs[name], columns), self.ae.model_.latent_dim) | conditions(
                columns
            )

        with _every_core():
            return self.read.joined(run)

    @torch.inference_mode()
    def run(self, name: str, columns: Columns) -> Columns:
        """Run a graph over a few rows."""
        result: Columns = self.ae.run_columns(self.graphs[name], columns)
        return pooled(result, self.ae.model_.latent_dim)

    @once
    def condition(self) -> Columns:
        """What codes are decoded under where the model was trained with a condition: the most frequent one."""
        if not self.conditions:
            return {}
        rows, counts = torch.cat(list(self.conditions.values()), 1).unique(dim=0, return_counts=True)
        widths = [tensor.shape[1] for tensor in self.conditions.values()]
        return dict(zip(self.conditions, rows[counts.argmax()][None].split(widths, 1), strict=True))

    @property
    def decodes(self) -> bool:
        """Whether the codes of the page can be decoded."""
        return self.why is None

    def check_decodes(self) -> None:
        """Refuse operations that decode codes.

        Raises
        ------
        InputError
            The code of this model cannot be decoded, and why.
        """
        if self.why is not None:
            raise InputError(self.why)

    def check_vectors(self) -> None:
        """Refuse operations that need a code that is one vector.

        Raises
        ------
        InputError
            The code has positions.
        """
        if self.ae.model_.positions():
            self.check_decodes()

    def decoded(self, codes: Floats) -> Columns:
        """Return what codes of shape (k, d) decode to.

        Raises
        ------
        InputError
            The model cannot decode a code alone; or a code has another length.
        """
        self.check_decodes()
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim:
            raise InputError(f"z: a code of this model has {self.latent_dim} numbers")
        z = torch.from_numpy(np.ascontiguousarray(codes, dtype=np.float32))
        return self.run("decode", {"z": z, **{name: one.expand(len(z), -1) for name, one in self.condition.items()}})

    def values(self, codes: Floats) -> list[Value]:
        """Return what codes decode to, as the page shows it."""
        return self.kind.values(self.decoded(codes))

    def sampled(self, n: int, seed: int, temperature: float) -> Floats:
        """Return codes drawn from the prior."""
        self.check_decodes()
        with _SEEDED, torch.random.fork_rng(devices=[]), torch.inference_mode():
            torch.manual_seed(seed)
            drawn: Floats = self.ae.prior_.sample(n, temperature=temperature).numpy()
        return drawn

    # -- before and after ----------------------------------------------------------------------------------------

    @once
    def unrestored(self) -> str | None:
        """Why examples are not shown before and after; None if they are."""
        try:
            self.restoration.about()
        except InputError as error:
            return str(error)
        return None

    @once
    def restoration(self) -> Restoration[Any]:
        """What the model makes of noisy rows.

        Raises
        ------
        InputError
            It removes no noise, or not from rows of this kind.
        """
        check_restores(self.model)
        return Restoration(self.kind.restoring(self.model), self.read)

    @property
    def at_hand(self) -> AtHand[Any]:
        """The examples and files that are compressed, or restored.

        Raises
        ------
        InputError
            The model does neither of them.
        """
        return self.compression.at_hand if compresses(self.model) else self.restoration.at_hand

    def before_and_after(self, index: int | None, file: int | None, **asked: Any) -> dict[str, Any]:
        """Return an example or a file before and after: see `Restoration.answer`."""
        with _every_core():
            return self.restoration.answer(index, file, **asked)

    # -- at any rate ---------------------------------------------------------------------------------------------

    @once
    def compression(self) -> Compression:
        """The files that the model makes of examples.

        Raises
        ------
        InputError
            It makes none.
        """
        check_compresses(self.model)
        codec = own(self.model)

        def on_every_core(image: np.ndarray, quality: float) -> Coded:
            with _every_core():
                return codec(image, quality)

        return Compression(on_every_core, self.kind.pieces(), self.read)

    # -- one number for each row -----------------------------------------------------------------------------------

    @once
    def errors(self) -> Floats:
        """Error of each row."""
        return self._all("error")["error"].float().numpy()

    def packed(self) -> dict[str, Any]:
        """Return the reconstructions of all examples, as a page without a server holds them."""

        def run(columns: Columns) -> Columns:
            return self.kind.tiled(self.run("reconstruct", columns), len(self))

        with _every_core():
            return self.kind.packed(self.read.joined(run))

    def heard(self, index: int) -> tuple[Value, Value]:
        """Return what the page plays of an example, and of its reconstruction."""
        if not self.kind.audible:
            return {}, {}
        rows, condition = self.read.user_row(index)
        return self.kind.heard(rows), self.kind.heard(self.ae.reconstruct(rows, condition))

    def score(self, index: int, columns: Columns) -> float:
        """Return the score of an example, without computing those of the others if that is possible."""
        if self._detected is None:
            return float(self.run("score", columns)["score"])
        return float(self.abnormality.detected.scores[index])

    def _asked(self) -> Detected:
        """Return the scores of the detector."""
        if self._detected is None:
            return Detected(self._all("score")["score"].float().numpy())
        with _every_core():
            return self._detected()

    @once
    def groups(self) -> int:
        """The number of clusters."""
        return min(CLUSTERS, len(np.unique(self.codes[:1000], axis=0)))

    @once
    def clusters(self) -> Colour:
        """Groups of codes."""
        from sklearn.cluster import MiniBatchKMeans

        clusters = MiniBatchKMeans(self.groups, n_init=3, random_state=0).fit_predict(self.codes)
        names = [f"cluster {number + 1}" for number in range(self.groups)]
        return by_category(clusters, names, f"clusters of {self.name}")

    def colour(self, what: str) -> Colour | None:
        """Return the colour of ``"cluster"`` or of a measure of abnormality; None where there is none."""
        if what == "cluster":
            return self.clusters
        names = self.abnormality.names
        return by_number(self.abnormality.numbers(what), f"{names[what]} of {self.name}") if what in names else None

    def error_map(self, columns: Columns) -> torch.Tensor:
        """Return how much each element of some rows contributes to the score or the error."""
        name, key = ("explain", "contributions") if self.scored else ("error_map", "error")
        return self.run(name, columns)[key]

    def contributors(self, columns: Columns) -> list[list[dict[str, Any]]]:
        """Return the names that contribute most to the score or the error of each of some rows."""
        return [self.kind.contributors(row.nan_to_num(), CONTRIBUTORS) for row in self.error_map(columns)]

    @once
    def deviation(self) -> Columns:
        """The standard deviation of each number of an example."""
        return self.kind.deviation(self.read.columns)


def why_not(ae: Autoencoder, graphs: Container[str]) -> str | None:
    """Return why the codes of the page cannot be decoded; None if they can."""
    if "decode" not in graphs:
        return "this model's net has skip connections: a code alone cannot be decoded"
    if ae.model_.positions():
        return (
            "a code of this model has a vector for each position, and what is shown is their mean, which cannot be "
            "decoded; in Python, transform and inverse_transform keep the positions"
        )
    return None


def check_restores(model: Any) -> None:
    """Refuse to show before and after of what was not trained for it.

    Raises
    ------
    InputError
        The message says why.
    """
    ae = autoencoder_of(model)
    if ae.model_.net.fills:
        raise InputError(
            "this model fills what a mask marks, which this page does not draw: isthmus denoise IMAGE --model MODEL "
            "--mask IMAGE --before-after"
        )
    if not denoises(model):
        raise InputError(
            "this model was not trained to clean its input, so that there is no before and after: train one with "
            "--variant denoising"
        )
    if ae.condition is not None:
        raise InputError(f"condition={ae.condition!r}: before and after are shown of models without a condition")


def check_compresses(model: Any) -> None:
    """Refuse to compress with what writes no files.

    Raises
    ------
    InputError
        The message says what does.
    """
    if not compresses(model):
        raise InputError("this model writes no files: a fitted Compressor does, in Python Compressor().fit(images)")


def pooled(columns: Columns, latent_dim: int) -> Columns:
    """Return the result of a graph, with codes as their means over positions."""
    if "z" not in columns:
        return columns
    z = columns["z"]
    return {**columns, "z": z.reshape(len(z), -1, latent_dim).mean(1)}


def conditions(columns: Columns) -> Columns:
    """Return the conditions of rows."""
    return {name: tensor for name, tensor in columns.items() if name.startswith("condition:")}


@contextmanager
def _every_core() -> Iterator[None]:
    """Compute with all threads of the program: requests are answered with one each."""
    with _BULK:
        before = torch.get_num_threads()
        torch.set_num_threads(CORES)
        try:
            yield
        finally:
            torch.set_num_threads(before)
