"""Paths that stay in their directory, remember a file's status, and replace files in one step."""

from __future__ import annotations

import errno
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zope.interface.verify import verifyObject

from pcstream.python.filepath import (
    RWX,
    AbstractFilePath,
    FilePath,
    IFilePath,
    InsecurePath,
    LinkError,
    Permissions,
    UnlistableError,
    _asFilesystemBytes,
    _asFilesystemText,
    _coerceToFilesystemEncoding,
)


@pytest.fixture
def root(tmp_path: Path) -> FilePath[str]:
    return FilePath(str(tmp_path))


# neighbours


def test_provides_the_interface(root: FilePath[str]) -> None:
    assert verifyObject(IFilePath, root)
    assert isinstance(root, AbstractFilePath)


def test_is_absolute() -> None:
    assert FilePath("a/../b").path == os.path.abspath("b")
    assert FilePath("b").isabs()


def test_child_is_one_name_below(root: FilePath[str]) -> None:
    assert root.child("a").path == os.path.join(root.path, "a")
    assert root.child("a/../b").basename() == "b"
    assert root.child(".") == root


@pytest.mark.parametrize("name", ["a/b", "/etc", "../x", "a/../../b"])
def test_child_refuses_more_than_one_name(root: FilePath[str], name: str) -> None:
    with pytest.raises(InsecurePath, match="contains one or more directory separators"):
        root.child(name)


def test_child_refuses_to_lead_up(root: FilePath[str]) -> None:
    with pytest.raises(InsecurePath, match="is not a child of"):
        root.child("..")


def test_preauth_child_takes_several_names_and_stays_below(root: FilePath[str]) -> None:
    assert root.preauthChild("a/b") == root.child("a").child("b")
    for outside in ("../x", "/etc/passwd", "a/../../x"):
        with pytest.raises(InsecurePath):
            root.preauthChild(outside)


def test_preauth_child_is_not_fooled_by_a_common_beginning(root: FilePath[str]) -> None:
    beside = f"../{root.basename()}-private/key"
    with pytest.raises(InsecurePath, match="is not a child of"):
        root.preauthChild(beside)


def test_the_root_directory_has_children() -> None:
    assert FilePath("/").child("etc").path == "/etc"
    assert FilePath("/").preauthChild("etc/x").path == "/etc/x"


@given(st.text(st.sampled_from("ab./"), max_size=12))
def test_whatever_is_asked_for_stays_below(name: str) -> None:
    here = FilePath("/srv/data")
    for ask in (here.child, here.preauthChild):
        try:
            found = ask(name).path
        except InsecurePath:
            continue
        assert found == here.path or found.startswith(here.path + "/")


def test_parents_end_at_the_root() -> None:
    assert [above.path for above in FilePath("/a/b").parents()] == ["/a", "/"]
    assert FilePath("/").parent() == FilePath("/")


def test_siblings_and_descendants(root: FilePath[str]) -> None:
    child = root.child("a")
    assert child.sibling("b") == root.child("b")
    assert child.siblingExtension(".gz").basename() == "a.gz"
    assert root.descendant(["a", "b"]) == child.child("b")
    assert root.descendant([]) is root
    assert child.child("b").segmentsFrom(root) == ["a", "b"]
    assert child.splitext() == (child.path, "")


def test_segments_from_what_is_no_ancestor(root: FilePath[str]) -> None:
    for other in (root, root.child("b")):
        with pytest.raises(ValueError, match="not parent of"):
            root.segmentsFrom(other)


def test_search_takes_the_first_that_exists(root: FilePath[str]) -> None:
    root.child("b").touch()
    root.child("b.txt").touch()
    assert root.childSearchPreauth("a", "b") == root.child("b")
    assert root.childSearchPreauth("a") is None
    here = root.child("b")
    assert here.siblingExtensionSearch(".gz", "") == here
    assert here.siblingExtensionSearch("*") == root.child("b.txt")
    assert here.siblingExtensionSearch(".gz", ".txt") == root.child("b.txt")
    assert root.child("c").siblingExtensionSearch("", "*", ".x") is None


def test_glob_children(root: FilePath[str]) -> None:
    root.child("b.txt").touch()
    assert root.globChildren("*.txt") == [root.child("b.txt")]
    assert root.globChildren(b"*.txt")[0].path == os.fsencode(root.child("b.txt").path)


class Marked(FilePath[Any]):
    """A kind of path that makes its own kind."""

    def clonePath(self, path: Any, alwaysCreate: bool = False) -> FilePath[Any]:
        return Marked(path, alwaysCreate)


@pytest.mark.parametrize(
    "neighbour",
    [
        lambda path: path.child("a"),
        lambda path: path.preauthChild("a"),
        lambda path: path.parent(),
        lambda path: path.sibling("a"),
        lambda path: path.siblingExtension(".a"),
        lambda path: path.temporarySibling(),
        lambda path: path.asBytesMode(),
        lambda path: path.children()[0],
        lambda path: path.globChildren("*")[0],
        lambda path: path.childSearchPreauth("there"),
        lambda path: path.siblingExtensionSearch(""),
    ],
)
def test_a_subclass_makes_paths_of_its_kind(
    tmp_path: Path, neighbour: Callable[[FilePath[Any]], object]
) -> None:
    (tmp_path / "there").touch()
    assert isinstance(neighbour(Marked(str(tmp_path))), Marked)


# text and bytes


def test_a_path_is_what_its_argument_was(root: FilePath[str]) -> None:
    assert isinstance(root.child(b"a").path, bytes)
    assert isinstance(root.asBytesMode().child("a").path, str)
    assert isinstance(root.temporarySibling(b".new").path, bytes)
    assert (root.sep, root.asBytesMode().sep) == ("/", b"/")


def test_modes_are_themselves_where_nothing_changes(root: FilePath[str]) -> None:
    assert root.asTextMode() is root
    as_bytes = root.asBytesMode()
    assert as_bytes.asBytesMode() is as_bytes
    assert as_bytes.asTextMode() == root


def test_an_encoding_may_be_named() -> None:
    assert FilePath("/é").asBytesMode("latin-1").path == b"/\xe9"
    with pytest.raises(UnicodeError):
        FilePath("/é").asBytesMode("ascii")
    assert _asFilesystemBytes(b"x") == b"x"
    assert _asFilesystemText("x") == "x"
    assert _coerceToFilesystemEncoding("", b"x") == "x"
    assert _coerceToFilesystemEncoding(b"", "é", "latin-1") == b"\xe9"


# status


def test_status_is_remembered_until_asked_anew(root: FilePath[str]) -> None:
    path = root.child("a")
    path.setContent(b"one")
    assert path.getsize() == 3
    os.remove(path.path)
    assert path.exists()
    path.changed()
    assert not path.exists()
    for ask in (path.isfile, path.isdir, path.isBlockDevice, path.isSocket):
        assert not ask()
    with pytest.raises(FileNotFoundError):
        path.restat()
    path.restat(reraise=False)


def test_status_is_not_pickled(root: FilePath[str]) -> None:
    assert root.exists()
    again = pickle.loads(pickle.dumps(root))
    assert again == root
    assert "_statinfo" not in vars(again)


def test_what_the_status_says(root: FilePath[str]) -> None:
    path = root.child("a")
    path.touch()
    status = os.stat(path.path)
    assert path.getInodeNumber() == status.st_ino
    assert path.getDevice() == status.st_dev
    assert path.getNumberOfHardLinks() == 1
    assert (path.getUserID(), path.getGroupID()) == (status.st_uid, status.st_gid)
    assert path.getModificationTime() == status.st_mtime
    assert path.getmtime() == int(status.st_mtime)
    assert path.getatime() == int(path.getAccessTime())
    assert path.getctime() == int(path.getStatusChangeTime())


def test_permissions(root: FilePath[str]) -> None:
    path = root.child("a")
    path.touch()
    path.chmod(0o640)
    found = path.getPermissions()
    assert found == Permissions(0o640)
    assert found != Permissions(0o600)
    assert found.shorthand() == "rw-r-----"
    assert found.group == RWX(True, False, False)
    assert repr(RWX(True, False, True)) == "RWX(read=True, write=False, execute=True)"
    assert repr(found).startswith("[RWX(read=True, write=True, execute=False) | ")
    assert (found == 3) is False
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


# content


def test_opens_binary_whatever_the_mode_says(root: FilePath[str]) -> None:
    path = root.child("a")
    with path.open("w") as file:
        file.write(b"\xff")
    with path.open() as file:
        assert file.read() == b"\xff"
    assert path.getContent() == b"\xff"


def test_always_create_never_opens_what_is_there(root: FilePath[str]) -> None:
    path = root.child("a")
    path.requireCreate()
    path.open().close()
    with pytest.raises(FileExistsError):
        path.open()
    with pytest.raises(AssertionError, match="Appending not supported"):
        path.open("a")


def test_set_content_replaces_in_one_step(root: FilePath[str]) -> None:
    path = root.child("a")
    path.setContent(b"old")
    with path.open() as reader:
        path.setContent(b"new", ".part")
        assert reader.read() == b"old"
    assert path.getContent() == b"new"
    assert root.listdir() == ["a"]


def test_a_failed_set_content_leaves_the_old(root: FilePath[str]) -> None:
    path = root.child("a")
    path.setContent(b"old")
    with pytest.raises(TypeError):
        path.setContent("text")  # type: ignore[arg-type]
    assert path.getContent() == b"old"


def test_temporary_names_differ(root: FilePath[str]) -> None:
    one, two = (root.child("a").temporarySibling(".t") for _ in range(2))
    assert one != two
    assert one.basename().endswith("a.t")
    assert one.alwaysCreate


def test_touch_makes_and_updates(root: FilePath[str]) -> None:
    path = root.child("a")
    path.touch()
    os.utime(path.path, (1, 1))
    path.touch()
    assert path.getmtime() > 1
    with pytest.raises(FileNotFoundError):
        root.child("none").child("a").touch()


# directories


def test_children_of_what_is_no_directory(root: FilePath[str]) -> None:
    root.child("file").touch()
    for name in ("none", "file"):
        with pytest.raises(UnlistableError) as caught:
            root.child(name).children()
        assert isinstance(caught.value.originalException, OSError)


def test_other_errors_of_listing_are_passed_on(root: FilePath[str]) -> None:
    class Denied(FilePath[str]):
        def listdir(self) -> list[str]:
            raise PermissionError(errno.EACCES, "no")

    with pytest.raises(PermissionError):
        Denied(root.path).children()


def test_makedirs(root: FilePath[str]) -> None:
    deep = root.child("a").child("b")
    deep.makedirs()
    deep.makedirs(ignoreExistingDirectory=True)
    with pytest.raises(FileExistsError):
        deep.makedirs()
    root.child("file").touch()
    with pytest.raises(FileExistsError):
        root.child("file").makedirs(ignoreExistingDirectory=True)


def test_remove_is_recursive_and_spares_what_a_link_leads_to(root: FilePath[str]) -> None:
    kept, gone = root.child("kept"), root.child("gone")
    kept.createDirectory()
    kept.child("file").touch()
    gone.createDirectory()
    gone.child("inner").createDirectory()
    kept.linkTo(gone.child("link"))
    gone.remove()
    assert not gone.exists()
    assert kept.child("file").exists()


def test_walk_and_where_not_to_descend(root: FilePath[str]) -> None:
    root.descendant(["a", "b"]).makedirs()  # type: ignore[attr-defined]
    names = [path.basename() for path in root.child("a").walk()]
    assert names == ["a", "b"]
    everywhere = [path.basename() for path in root.walk(descend=lambda path: False)]
    assert everywhere == [root.basename(), "a"]


def test_walk_stops_at_a_circle_of_links(root: FilePath[str]) -> None:
    inner = root.child("a").child("b")
    inner.makedirs()
    root.child("a").linkTo(inner.child("up"))
    with pytest.raises(LinkError, match="Cycle in file graph"):
        list(root.walk())
    assert len(list(root.walk(descend=lambda path: not path.islink()))) == 4


def test_realpath(root: FilePath[str]) -> None:
    target, link = root.child("target"), root.child("link")
    target.touch()
    target.linkTo(link)
    assert link.realpath() == target.realpath()
    assert target.realpath() is target
    loop = root.child("loop")
    os.symlink("loop", loop.path)
    with pytest.raises(LinkError, match="Cyclical link - will loop forever"):
        loop.realpath()


# copies


def filled(root: FilePath[str]) -> FilePath[str]:
    source = root.child("source")
    source.child("inner").makedirs()
    source.child("inner").child("file").setContent(b"x" * (FilePath._chunkSize + 1))
    return source


def test_copies_a_directory(root: FilePath[str]) -> None:
    source, copy = filled(root), root.child("copy")
    source.copyTo(copy)
    content = source.child("inner").child("file").getContent()
    assert copy.child("inner").child("file").getContent() == content


def test_copies_a_link_or_what_it_leads_to(root: FilePath[str]) -> None:
    root.child("file").setContent(b"x")
    link = root.child("link")
    root.child("file").linkTo(link)
    link.copyTo(root.child("followed"))
    assert not root.child("followed").islink()
    link.copyTo(root.child("kept"), followLinks=False)
    assert root.child("kept").islink()


def test_copying_nothing_and_what_cannot_be_copied(root: FilePath[str]) -> None:
    with pytest.raises(FileNotFoundError):
        root.child("none").copyTo(root.child("copy"))
    os.mkfifo(root.child("pipe").path)
    with pytest.raises(NotImplementedError, match="Only copying of files and directories"):
        root.child("pipe").copyTo(root.child("copy"))


def test_moves(root: FilePath[str]) -> None:
    source, target = filled(root), root.child("target")
    assert source.exists()
    assert not target.exists()
    source.moveTo(target)
    assert not source.exists()
    assert target.exists()


def test_moves_to_another_file_system_by_copying(
    root: FilePath[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = filled(root), root.child("target")
    rename = os.rename
    refused = []

    def across_devices(old: str, new: str) -> None:
        if not refused:
            refused.append(old)
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        rename(old, new)

    monkeypatch.setattr(os, "rename", across_devices)
    source.moveTo(target)
    assert root.listdir() == ["target"]
    assert target.child("inner").child("file").exists()


def test_another_failure_of_moving_is_raised(root: FilePath[str]) -> None:
    with pytest.raises(FileNotFoundError):
        root.child("none").moveTo(root.child("target"))


def test_the_destination_is_closed_when_the_source_cannot_be_opened(root: FilePath[str]) -> None:
    opened = []

    class Watched(FilePath[str]):
        def open(self, mode: Any = "r") -> Any:
            opened.append(super().open(mode))
            return opened[-1]

    gone = root.child("gone")
    gone.touch()
    assert gone.isfile()
    os.remove(gone.path)
    with pytest.raises(FileNotFoundError):
        gone.copyTo(Watched(root.child("copy").path))
    assert opened[0].closed


# comparison


def test_paths_compare_by_their_names() -> None:
    a, b = FilePath("/a"), FilePath("/b")
    assert a < b <= FilePath("/b") != a
    assert b > a
    assert b >= a
    assert sorted([b, a]) == [a, b]
    assert {a: 1}[FilePath("/a")] == 1
    assert a != "/a"
    assert repr(a) == "FilePath('/a')"
    with pytest.raises(TypeError):
        assert a < "/a"  # type: ignore[operator]


def test_created_files_are_private_to_no_one_but_by_umask(root: FilePath[str]) -> None:
    path = root.child("a")
    before = os.umask(0o077)
    try:
        path.create().close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(path.path).st_mode) & 0o077 == 0
