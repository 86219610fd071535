"""The options that say which model is trained: those of ``train`` and ``tune`` alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isthmus import variants
from isthmus.apps.cli.command import option
from isthmus.apps.cli.knobs import knob_options
from isthmus.apps.cli.settings import setting_options
from isthmus.apps.cli.tables import categories_option
from isthmus.apps.cli.values import Named
from isthmus.data.tables.scale_names import SCALES

VARIANT, SCALE = "Which autoencoder [plain]", "How the numbers of a table are scaled; default: by the data"


def model_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options on variant, data, settings and knobs; those that were not typed arrive as None."""
    decorated = categories_option("Model")(setting_options(knob_options(function)))
    decorated = option("--scale", type=Named(list(SCALES)), section="Model", help=SCALE)(decorated)
    return option("--variant", type=Named(list(variants.variants())), section="Model", help=VARIANT)(decorated)
