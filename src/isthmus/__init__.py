"""isthmus: autoencoders for tables, images, signals and sounds.

The public names; each is imported when it is first used, so that ``import isthmus`` itself imports no library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what `_HOMES` says, for editors and type checkers; tests/test_house.py holds the two together
    from isthmus.apps.notebooks import explore as explore
    from isthmus.apps.notebooks import plot as plot
    from isthmus.apps.notebooks import plot_history as plot_history
    from isthmus.apps.notebooks import report as report
    from isthmus.core.training.callbacks import CSVLog as CSVLog
    from isthmus.core.training.callbacks import StopTraining as StopTraining
    from isthmus.core.training.callbacks import TensorBoard as TensorBoard
    from isthmus.data.audio.audio import Audio as Audio
    from isthmus.data.audio.sounds import Sound as Sound
    from isthmus.data.audio.waveforms import Waveforms as Waveforms
    from isthmus.data.images.images import Images as Images
    from isthmus.data.signals.signals import Signals as Signals
    from isthmus.data.tables.table import Table as Table
    from isthmus.estimators.autoencoder import Autoencoder as Autoencoder
    from isthmus.support.errors import DivergenceError as DivergenceError
    from isthmus.support.errors import FileFormatError as FileFormatError
    from isthmus.support.errors import InputError as InputError
    from isthmus.support.errors import IsthmusError as IsthmusError
    from isthmus.support.errors import MissingExtraError as MissingExtraError
    from isthmus.tasks import load as load
    from isthmus.tasks.anomaly.detector import AnomalyDetector as AnomalyDetector
    from isthmus.tasks.compression.compressor import Compressor as Compressor
    from isthmus.tasks.denoising.denoiser import Denoiser as Denoiser
    from isthmus.tasks.evaluation.evaluate import evaluate as evaluate
    from isthmus.tasks.imputation.imputer import Imputer as Imputer
    from isthmus.tasks.tuning.tune import tune as tune
    from isthmus.variants import Compressive as Compressive
    from isthmus.variants import Contractive as Contractive
    from isthmus.variants import Denoising as Denoising
    from isthmus.variants import Linear as Linear
    from isthmus.variants import Masked as Masked
    from isthmus.variants import Plain as Plain
    from isthmus.variants import Sparse as Sparse
    from isthmus.variants import TopK as TopK
    from isthmus.variants import Variational as Variational

__version__ = "0.1.0"

_HOMES = {
    "estimators.autoencoder": ["Autoencoder"],
    "tasks": ["load"],
    "tasks.anomaly.detector": ["AnomalyDetector"],
    "tasks.compression.compressor": ["Compressor"],
    "tasks.denoising.denoiser": ["Denoiser"],
    "tasks.evaluation.evaluate": ["evaluate"],
    "tasks.imputation.imputer": ["Imputer"],
    "tasks.tuning.tune": ["tune"],
    "variants": [
        *("Plain", "Linear", "Denoising", "Sparse", "TopK", "Contractive", "Variational", "Masked", "Compressive"),
    ],
    "data.tables.table": ["Table"],
    "data.images.images": ["Images"],
    "data.signals.signals": ["Signals"],
    "data.audio.audio": ["Audio"],
    "data.audio.sounds": ["Sound"],
    "data.audio.waveforms": ["Waveforms"],
    "core.training.callbacks": ["CSVLog", "TensorBoard", "StopTraining"],
    "apps.notebooks": ["plot", "plot_history", "report", "explore"],
    "support.errors": ["IsthmusError", "InputError", "FileFormatError", "DivergenceError", "MissingExtraError"],
}

__all__ = ["__version__", *(name for names in _HOMES.values() for name in names)]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"isthmus.{home}"), name)
            return value
    from isthmus.support.errors import public_hint

    raise AttributeError(f"module 'isthmus' has no attribute {name!r}{public_hint(name, __all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
