"""Who may import whom: the data's way has one direction, and the pure layers do no I/O."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "storescpd"

# Left may import right. What is not listed is not allowed.
ALLOWED = {
    "data": set(),
    "wire": {"data"},
    "association": {"wire", "data"},
    "dataset": {"data"},
    "store": {"dataset", "data"},
    "studies": {"store", "telemetry", "data"},
    "access": {"data"},
    "telemetry": set(),
    "config": {"data"},
    "worker": {"wire", "association", "dataset", "store", "studies", "access", "telemetry", "config", "data"},
    "supervisor": {"worker", "store", "studies", "access", "telemetry", "config", "data"},
    "cli": {"supervisor", "worker", "store", "dataset", "studies", "access", "telemetry", "config", "data"},
}

PURE = ("wire", "association", "dataset")
IMPURE_MODULES = {
    "asyncio", "datetime", "io", "logging", "multiprocessing", "os", "pathlib", "random", "select", "selectors",
    "signal", "socket", "ssl", "subprocess", "tempfile", "threading", "time", "uuid",
}  # fmt: skip


def modules(package: str) -> list[Path]:
    return sorted((PACKAGE / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_every_package_has_a_rule():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders == set(ALLOWED)


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_go_one_way(package):
    for path in modules(package):
        for name in imported(path):
            if name.startswith("storescpd."):
                target = name.split(".")[1]
                known = target in ALLOWED and target != package
                assert not known or target in ALLOWED[package], f"{path} imports {name}"


@pytest.mark.parametrize("package", PURE)
def test_pure_layers_do_no_io(package):
    for path in modules(package):
        roots = {name.split(".")[0] for name in imported(path)}
        assert not roots & IMPURE_MODULES, f"{path} imports {sorted(roots & IMPURE_MODULES)}"
        calls = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not calls & {"open", "print", "input"}, f"{path} does I/O"


@pytest.mark.parametrize("package", sorted(set(ALLOWED) - {"cli"}))
def test_the_daemon_never_imports_pynetdicom(package):
    for path in modules(package):
        assert not any(name.split(".")[0] == "pynetdicom" for name in imported(path)), path


def test_modules_stay_small():
    too_long = {
        str(path.relative_to(PACKAGE)): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 420
    }
    assert not too_long
