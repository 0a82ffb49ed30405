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
