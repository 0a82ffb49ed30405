"""What is compiled, and what must not stand in it: the compiled module would do something else than the source."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from storescpd import __version__
from tests.support.build import BUILD, ROOT, is_compiled
from tests.support.daemon import storescpd

NAMED = next(
    ast.literal_eval(node.value)
    for node in ast.parse((ROOT / "setup.py").read_text()).body
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMPILED"
)
FILES = sorted(file for pattern in NAMED for file in ROOT.glob(pattern))


def nodes(file: Path, kind: type[ast.AST]) -> list:
    return [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, kind)]


def test_the_way_of_an_object_is_compiled():
    folders = {"wire", "association", "dataset", "store", "worker", "studies", "journal"}
    assert {file.parent.name for file in FILES} == folders
    assert len(FILES) > 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_slice_calls_what_has_an_effect(file):
    """mypyc evaluates the bounds of a slice twice where it does not know the type of what is cut."""
    for part in nodes(file, ast.Slice):
        calls = [node for node in ast.walk(part) if isinstance(node, ast.Call | ast.NamedExpr)]
        assert {ast.unparse(call)[:4] for call in calls} <= {"len("}, f"{file}:{part.lineno}"
    # Bytes that are cut by one are taken for a single byte.
    assert "slice" not in {ast.unparse(call.func) for call in nodes(file, ast.Call)}


GENERIC = frozenset({"view", "body", "held", "buffer", "rows", "fragments", "pieces", "command_set"})
"""Views, bytearrays and lists are cut as in plain Python; so are what these hold."""
ORDERED = {
    "self.data[self.run:at]": "only where the run is before it",
    "data[run:at]": "only where the run is before it",
    "data[cursor.run:at]": "a run begins where something was settled, at or before the element that is read",
    "data[cursor.run:content]": "the same",
    "data[content:end]": "content and a length that is not negative",
    "cursor.data[content:end]": "the same",
    "payload[begin:end]": "a block, and the next one",
    "payload[at + _LENGTH.size:end]": "a length that is not negative is added to the first",
    "data[(number - position) * BLOCK:(number - position + 1) * BLOCK]": "a block, none of those before the first",
    "data[start:end]": "an item between two offsets that `split` gives, which refuses a length beyond the end",
    "self._data[start:self._end]": "all that is left, by a length that is refused where it is negative",
    "data[_CLASS_START:end]": "a byte is added to the first",
    "data[start - 3:start]": "the start is behind the fixed part",
    "body[position + codec.PDV_HEADER.size:end]": "a length that is refused where it is less than that header",
    "head[GROUP_LENGTH_END - 4:GROUP_LENGTH_END]": "constants",
    "self._pending[LENGTH.size:end]": "a bytearray",
    "self._starts[first:behind]": "a list",
    "self.ranges[first:behind]": "a list",
    "self.words[_CONNECTIONS:_CONNECTIONS + self.words[0]]": "a view",
    "self.words[_ASSOCIATIONS:_ASSOCIATIONS + self.words[0]]": "a view",
    "self._view[self._start:self._end]": "a view",
}
"""Why the end of a slice is not before its start, for those that do not show it."""


def shows_its_order(part: ast.Slice) -> bool:
    """Two numbers, or the start and something more; and no start may be negative, which would count from the end."""
    low, high = ast.unparse(part.lower), ast.unparse(part.upper)
    if low.isdigit() and high.isdigit():
        return int(low) <= int(high)
    start, _, offset = low.rpartition(" + ")
    if start and offset.isdigit() and "-" not in low:
        more = high.removeprefix(f"{start} + ")
        return more.isdigit() and int(offset) <= int(more)
    return "-" not in high and high.startswith(f"{low} + ")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_no_slice_of_bytes_ends_before_it_starts(file):
    """Compiled it raises SystemError, where plain Python gives nothing."""
    for cut in nodes(file, ast.Subscript):
        part = cut.slice
        if isinstance(part, ast.Slice) and part.lower and part.upper and ast.unparse(cut.value) not in GENERIC:
            assert ast.unparse(cut) in ORDERED or shows_its_order(part), f"{file}:{cut.lineno} {ast.unparse(cut)}"


def test_each_order_that_is_explained_is_there():
    cuts = {ast.unparse(cut) for file in FILES for cut in nodes(file, ast.Subscript)}
    assert set(ORDERED) <= cuts


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_native_integers_are_shifted_by_constants(file):
    """By a negative number of bits, or by too many, they become anything. A negative number of bytes is an error."""
    native = "mypy_extensions" in {node.module for node in nodes(file, ast.ImportFrom)}
    for node in nodes(file, ast.BinOp):
        if native and isinstance(node.op, ast.LShift | ast.RShift):
            assert isinstance(node.right, ast.Constant), f"{file}:{node.lineno}"
            assert 0 <= node.right.value < 63, f"{file}:{node.lineno}"
    for call in nodes(file, ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "to_bytes":
            length = call.args[0]
            assert isinstance(length, ast.Constant) or ast.unparse(length).startswith("len("), f"{file}:{call.lineno}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_nothing_is_remembered_by_a_cached_property(file):
    """mypyc makes a plain property of it."""
    assert not [node for node in nodes(file, ast.Attribute) if node.attr == "cached_property"]
    assert not [node for node in nodes(file, ast.alias) if node.name == "cached_property"]


@pytest.mark.skipif(not is_compiled(), reason="the build is plain Python")
def test_each_of_them_is_imported_compiled():
    for file in FILES:
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found = Path(importlib.import_module(name).__file__)
        assert found.suffix == ".so", name
        assert found.is_relative_to(BUILD), name


def test_the_daemon_under_test_is_the_build(tmp_path):
    with storescpd(tmp_path / "out") as daemon:
        for pid in (daemon.pid, *daemon.worker_pids()):
            mapped = Path(f"/proc/{pid}/maps").read_text()
            assert (f"{BUILD}/storescpd__mypyc." in mapped) == is_compiled()
            assert ("__mypyc" in mapped) == is_compiled()


_BUILD = "import runpy, sys; from importlib import metadata; sys.argv = ['setup.py', '--name']; "
_LACKING = "def lacking(name): raise metadata.PackageNotFoundError(name)\nmetadata.distribution = lacking\n"


def _built(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "STORESCPD_COMPILED": "1", "PYTHONPATH": str(path)}
    command = [sys.executable, "-c", code + "runpy.run_path('setup.py', run_name='__main__')"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)


def test_a_build_says_what_is_missing(tmp_path):
    done = _built(_BUILD + "\n" + _LACKING, tmp_path)
    assert done.returncode == 1
    for name in ("mypy==", "pydicom", "cryptography", "--no-build-isolation"):
        assert name in done.stderr


def test_a_build_says_what_mypyc_has_said(tmp_path):
    (tmp_path / "mypyc").mkdir()
    (tmp_path / "mypyc" / "__init__.py").touch()
    (tmp_path / "mypyc" / "build.py").write_text(
        "def mypycify(*_, **__):\n    print('x.py:1: no')\n    raise SystemExit(1)"
    )
    done = _built(_BUILD, tmp_path)
    assert (done.returncode, "x.py:1: no" in done.stderr) == (1, True)


def test_the_version_says_which_build_runs():
    """As the daemon does, whose modules they are."""
    done = subprocess.run(
        [sys.executable, "-m", "storescpd", "--version"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout == f"storescpd {__version__} ({'compiled' if is_compiled() else 'plain Python'})\n"
