"""Looking at a model from Python, and in notebooks: its history, its report, its explorer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.apps.capabilities import autoencoder_of, detects
from isthmus.support.errors import InputError, extra
from isthmus.variants import variant_name

if TYPE_CHECKING:
    from isthmus import AnomalyDetector
    from isthmus.apps.figures.figure import Figure
    from isthmus.apps.inline import Document, Explorer


def plot_history(model: Any) -> Figure:
    """Return a figure of the losses of each epoch, and of the terms that they consist of.

    Parameters
    ----------
    model : Autoencoder, or an estimator that has one
        Fitted.

    Returns
    -------
    Figure
        Shown inline in a notebook; ``.save("history.svg")``, or ``.png``, writes it.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        The model is not fitted.
    InputError
        The model was trained for no epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from isthmus import Autoencoder
    >>> ae = Autoencoder(latent_dim=1, epochs=3, random_state=0).fit(np.eye(20, 3))
    >>> plot_history(ae).description[:50]
    'History of the plain autoencoder: 3 epochs; traini'
    """
    from sklearn.utils.validation import check_is_fitted

    from isthmus.apps.figures.history import history_figure

    check_is_fitted(model)
    ae = autoencoder_of(model)
    if not ae.history_:
        raise InputError("there is no history: the model was trained for no epoch")
    best = ae.info_["best_epoch"]
    validated = best is not None and best <= len(ae.history_) and "validation_loss" in ae.history_[-1]
    return history_figure(ae.history_, best if validated else None, f"History of {_name(ae)}")


def plot(detector: AnomalyDetector, X: Any, folder: str | os.PathLike[str]) -> list[Path]:
    """Draw where images are abnormal: each in grey with its heat, and write it into a folder (extra ``images``).

    All have one scale, from half of the threshold to three times the threshold and more; a line surrounds what is above
    the threshold, and boxes the regions with the highest peaks, at most 20. Each has the size of its image; of images
    with a side of more than 4,096 pixels, a whole fraction of it, which a warning says.

    Parameters
    ----------
    detector : AnomalyDetector
        Fitted on images, with a score that has a map.
    X : images
        An array, a list of arrays, or a folder that `isthmus.data.io.files.read` opened.
    folder : str or PathLike
        Where the PNG files go, named as those of X are, or numbered; it may be new.

    Returns
    -------
    list of Path
        The files, one for each image.

    Raises
    ------
    InputError
        The detector has no heat maps, or the folder cannot be written.

    See Also
    --------
    AnomalyDetector.heat_map, AnomalyDetector.regions : the numbers that are drawn.
    """
    from sklearn.utils.validation import check_is_fitted

    from isthmus.apps.figures.scanned import write_overlays
    from isthmus.data.inputs import taken
    from isthmus.tasks.anomaly.heat import check_heat

    check_is_fitted(detector)
    if not detects(detector):
        raise InputError(
            f"plot draws where a detector finds images abnormal, but this is the {type(detector).__name__} of "
            f"{_name(autoencoder_of(detector))}: plot_history(model) and report(model, X) show it"
        )
    check_heat(detector.autoencoder_.data_, detector.score_, "plot")
    return write_overlays(detector, taken(X), Path(folder))


def report(
    model: Any, X: Any, y: Any = None, *, examples: bool = True, title: str | None = None, height: int = 800
) -> Document:
    """Return a page that shows what a model learnt (extra ``report``).

    Parameters
    ----------
    model : Autoencoder, AnomalyDetector, Imputer or Denoiser
        Fitted.
    X : rows, a signal, or a stream
        What the model is looked at with; best rows that it was not trained on.
    y : array of shape (n,), optional
        Labels, for colours.
    examples : bool, default True
        Whether real rows may be shown.
    title : str, optional
    height : int, default 800
        Of the frame in a notebook.

    Returns
    -------
    Document
        Shown inline in a notebook; ``.save("report.html")`` writes it to a file that needs no network, and ``.html``
        is its text.

    Raises
    ------
    InputError
        The rows do not suit the model, or y has another length.
    MissingExtraError
        Jinja is not installed.
    """
    from isthmus.apps.inline import Document
    from isthmus.apps.report.pages import page_of
    from isthmus.apps.report.render import html

    page = page_of(model, X, y, examples, title)
    return Document(html(page), page.title, height)


def explore(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    limit: int | None = None,
    examples: bool = True,
    title: str | None = None,
    port: int = 0,
    height: int = 800,
) -> Explorer:
    """Serve the explorer of a model from this process, and show it inline in a notebook (extra ``explore``).

    The server runs in a thread, answers this machine only, and ends with the process, or by ``close()``. A notebook on
    another machine cannot show it: there, use ``isthmus explore --export``, whose page needs no server.

    Parameters
    ----------
    model : Autoencoder, AnomalyDetector, Imputer, Denoiser or Compressor, or a dict of them by name
        Fitted; two are shown side by side.
    X : rows, a signal, or a stream
    y : array of shape (n,), optional
        Labels: of rows, or of the time steps of a signal.
    limit : int or None, default None
        Maximum number of examples, chosen at random; None: all, or 100,000 of a stream.
    examples : bool, default True
        Whether real rows may be shown.
    title : str, optional
    port : int, default 0
        0 chooses a free port.
    height : int, default 800
        Of the frame in a notebook.

    Returns
    -------
    Explorer
        Its ``url`` opens in any browser of this machine.

    Raises
    ------
    InputError
        X does not fit a model, or the port is not available.
    MissingExtraError
        A library of the extra is not installed.
    """
    for module in ("fastapi", "uvicorn", "httptools"):
        extra(module, "explore")
    from isthmus.apps.explorer.api.app import explorer_app
    from isthmus.apps.explorer.session import open_session
    from isthmus.apps.http.running import Background
    from isthmus.apps.inline import Explorer

    models = dict(model) if isinstance(model, Mapping) else {_name(autoencoder_of(model)): model}
    session = open_session(models, X, y, limit=limit, visible=examples, title=title)
    return Explorer(Background(explorer_app(session, framed=True), port), session.title, height)


def _name(autoencoder: Any) -> str:
    """Return what a fitted autoencoder is called."""
    return f"the {variant_name(autoencoder.variant_)} autoencoder"
