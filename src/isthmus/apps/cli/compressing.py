"""What ``isthmus compress`` and ``isthmus decompress`` share: which files they read and write, and with what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from isthmus.apps.cli.command import Failure, hushed, tell
from isthmus.apps.cli.inputs import load
from isthmus.apps.cli.progress import rows_done, training_progress
from isthmus.support.errors import listed

if TYPE_CHECKING:
    from isthmus import Compressor
    from isthmus.tasks.compression.conversion import Progress

T = TypeVar("T")
NAMED = 3


def compressor_of(model: str | None) -> Compressor:
    """Return the compressor in a file, or the one for photographs."""
    import isthmus

    return isthmus.Compressor.shipped() if model is None else load(model, "Compressor")


def once(make: Callable[[], Compressor]) -> Callable[[], Compressor]:
    """Return what makes a compressor when it is first needed; other threads wait for it."""
    lock, made = Lock(), cache(make)

    def compressor() -> Compressor:
        with lock:
            return made()

    return compressor


def trained(folder: str, epochs: int | None, seed: int) -> Compressor:
    """Return a compressor that was trained on the images of a folder."""
    import isthmus
    from isthmus.data.images.sequence import ImageSequence
    from isthmus.tasks.compression.default_model import default_autoencoder, suited_to
    from isthmus.tasks.denoising.images import images_of

    own = None
    if epochs is not None:
        images = cast(ImageSequence, images_of(folder))
        own = suited_to(default_autoencoder(), images).set_params(epochs=epochs, random_state=seed)
    tell(f"training on {folder} …")
    with hushed():
        return isthmus.Compressor(own, random_state=seed).fit(folder, callbacks=training_progress())


def progress_of(files: int, verb: str) -> Progress:
    """Return what shows the tiles of a file that is alone; files together are counted by `in_turn`."""
    from isthmus.tasks.compression.conversion import untold

    return partial(rows_done, verb=verb, noun="tile") if files == 1 else untold


def in_turn(jobs: Sequence[Callable[[], T]], verb: str) -> Iterator[T]:
    """Yield what each job gives, in their order; several run at a time, each on a core of its own."""
    import torch

    from isthmus.support.threads import threads

    if len(jobs) == 1:
        yield jobs[0]()  # it tells of its own progress
        return
    workers = min(torch.get_num_threads(), len(jobs))
    with rows_done(len(jobs), verb, "file") as done, threads(1), ThreadPoolExecutor(workers, "file") as pool:
        running = [pool.submit(job) for job in jobs]
        try:
            for one in running:
                yield one.result()
                done(1)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def pairs_of(
    inputs: tuple[Path, ...], output: str | None, overwrite: bool, suffix: str, inside: Any
) -> list[tuple[Path, Path]]:
    """Return each file to read with the file to write, checked before anything is written."""
    pairs = []
    if output is not None and len(inputs) > 1 and Path(output).is_file():
        raise Failure(f"{len(inputs)} inputs go to a folder, but {output!r} is a file")
    for one in inputs:
        if not one.exists():
            raise Failure(f"there is no file or folder {str(one)!r}")
        folder = Path(output) if output is not None else None
        if one.is_dir():
            _check_folder(one, folder)
            into = folder or one
            pairs += [(path, into / path.relative_to(one).with_suffix(suffix)) for path in inside(one)]
        elif folder is None or folder.is_dir() or len(inputs) > 1:
            pairs.append((one, (folder or one.parent) / one.with_suffix(suffix).name))
        else:
            pairs.append((one, folder))
    if not pairs:
        raise Failure(f"there is nothing to read in {listed([str(one) for one in inputs], NAMED)}")
    _check_written(pairs, overwrite)
    return pairs


def _check_folder(source: Path, output: Path | None) -> None:
    if output is not None and output.exists() and not output.is_dir():
        raise Failure(f"{str(source)!r} is a folder, so the output is one too, but {str(output)!r} is none")
    if output is not None and source.resolve() in output.resolve().parents:
        raise Failure(f"the output {str(output)!r} is inside the input {str(source)!r}: name a folder elsewhere")


def _check_written(pairs: list[tuple[Path, Path]], overwrite: bool) -> None:
    written: dict[Path, Path] = {}
    sources = {source.resolve() for source, _ in pairs}
    for source, path in pairs:
        other = written.setdefault(path.resolve(), source)
        if other is not source:
            raise Failure(f"{str(other)!r} and {str(source)!r} would both be written to {str(path)!r}: rename one")
        if path.resolve() in sources:
            raise Failure(f"the output {str(path)!r} is an input: name another")
    taken = [str(path) for _, path in pairs if path.exists()]
    if taken and not overwrite:
        raise Failure(f"{listed(taken, NAMED)} is there already; --overwrite replaces it")


def images_in(folder: Path) -> list[Path]:
    """Return the image files in a folder and in those below it."""
    from isthmus.data.images.files import IMAGES
    from isthmus.data.listing import tree

    return list(tree(folder, IMAGES).paths)


def compressed_in(folder: Path) -> list[Path]:
    """Return the compressed files in a folder and in those below it."""
    from isthmus.tasks.compression.conversion import SUFFIX

    return sorted(path for path in folder.rglob(f"*{SUFFIX}") if path.is_file())
