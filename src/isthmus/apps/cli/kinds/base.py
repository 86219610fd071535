"""Files: how commands treat files of one kind of data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.detect.choices import Options
from isthmus.apps.cli.rows import Rows
from isthmus.apps.kinds import adapter

if TYPE_CHECKING:
    from isthmus import AnomalyDetector, Autoencoder


class Files(ABC):
    """Files of one kind of data; an adapter is called with nothing."""

    noun: ClassVar[str]
    """What such a file holds, for messages."""

    @abstractmethod
    def takes(self, X: Any) -> bool:
        """Tell whether what was read of a file can be of this kind."""

    def names(self, X: Any) -> Sequence[str]:
        """Return the names of the rows of what was read, where each is a file of its own; else nothing."""
        return ()

    def departures(self, model: Autoencoder, X: Any) -> Sequence[str]:
        """Return what should be said of cells of rows in memory that are unlike those of training."""
        return ()

    def beside(self, model: Autoencoder, rows: Rows, reconstruction: Any, output: str) -> int:
        """Write rows beside their reconstructions; return how many.

        Raises
        ------
        Failure
            The output cannot hold them.
        """
        raise Failure(f"--beside cannot show {self.noun} yet: leave it out")

    @abstractmethod
    def about(self, rows: Rows) -> tuple[dict[str, Any], dict[str, str]]:
        """Describe what was read, without training: for machines, and for people as sections by their heading."""

    @abstractmethod
    def detect(
        self, detector: AnomalyDetector, options: Options, span: slice, output: str, explain: bool, plot: str | None
    ) -> tuple[dict[str, Any], str]:
        """Score the file that `options` names with a detector; return the result for machines and for people."""


def files_of(data: object) -> Files:
    """Return how commands treat files of a kind of data.

    Raises
    ------
    InputError
        The command line cannot show this kind of data yet.
    """
    files: Files = adapter("cli", data)()
    return files
