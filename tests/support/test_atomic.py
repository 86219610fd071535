"""Files are written whole or not at all."""

import errno
import os
import stat

import pytest

from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError


def test_the_file_takes_its_place_once_the_block_ends(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_text("old")
    with atomic(path) as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".safetensors"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["model.safetensors"]


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt()])
def test_a_failing_block_changes_nothing(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), atomic(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_permissions_are_kept_and_links_followed(tmp_path):
    path, link = tmp_path / "a.txt", tmp_path / "link.txt"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    with atomic(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink() and path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_gets_the_usual_permissions(tmp_path):
    (tmp_path / "usual.txt").write_text("")
    with atomic(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "usual.txt").stat().st_mode


def test_a_missing_folder_is_named(tmp_path):
    missing = tmp_path / "nowhere" / "a.txt"
    with pytest.raises(InputError, match="there is no folder '.*nowhere'; make it first"), atomic(missing):
        pytest.fail("the block must not run")


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(InputError, match="there is no folder '.*a.txt'"), atomic(tmp_path / "a.txt" / "b.txt"):
        pytest.fail("the block must not run")


def test_a_folder_in_the_way_is_named(tmp_path):
    with pytest.raises(InputError, match="a folder stands there"), atomic(tmp_path):
        pytest.fail("the block must not run")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_read_only_file_stays(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(InputError, match="read-only"), atomic(path):
        pytest.fail("the block must not run")


def test_a_full_disk_is_said_and_the_old_file_kept(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(InputError, match="a.txt.*the disk is full.*nothing was changed"), atomic(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_file_over_the_systems_limit_is_said(tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
        with pytest.raises(InputError, match="larger than the system allows"), atomic(tmp_path / "a") as temporary:
            temporary.write_bytes(bytes(1 << 17))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path) == []


def test_errors_about_other_files_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError), atomic(tmp_path / "a.txt"):
        (tmp_path / "input.txt").read_text()
