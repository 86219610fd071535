"""Writing files atomically."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.support.errors import InputError

DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""Error numbers of a write to an open file, whose exceptions name no file."""


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that replaces `path` when the block ends without an error.

    The temporary file has the suffix of `path`, is synced to the disk before it is renamed, and is removed when the
    block fails: readers of `path` see the old content or the new one, never a part. Links are followed, and an existing
    file keeps its permissions.

    Parameters
    ----------
    path : str or PathLike
        The target file.

    Yields
    ------
    Path
        An empty file in the same folder, to be written by the block.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written, `path` is a folder, or the disk is full; an existing file stays
        unchanged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic(f"{folder}/a.txt") as temporary:
    ...         _ = temporary.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")
    try:
        _claim(temporary, target)
        yield temporary
        _sync(temporary)
        os.replace(temporary, target)
        _sync(target.parent)
    except OSError as error:
        ours = error.filename in (str(temporary), str(target), temporary, target)
        if not ours and error.errno not in DISK:
            raise
        raise InputError(f"cannot write {str(path)!r}: {_reason(error, target)}; nothing was changed") from error
    finally:
        if temporary.exists():
            temporary.unlink()


def _claim(temporary: Path, target: Path) -> None:
    """Create the empty temporary file, with the permissions that `target` has or would get."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder stands there", str(target))
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file that stands there is read-only", str(target))
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    if target.exists():
        os.chmod(temporary, target.stat().st_mode & 0o777)


def _sync(path: Path) -> None:
    if path.is_dir() and os.name != "posix":  # only POSIX opens folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError, target: Path) -> str:
    if not target.parent.is_dir():
        return f"there is no folder {str(target.parent)!r}; make it first"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space or choose another folder"
    if error.errno == errno.EFBIG:
        return "the file would be larger than the system allows; choose another folder or raise the limit"
    return f"{error.strerror or error}; choose another path or change its permissions"
