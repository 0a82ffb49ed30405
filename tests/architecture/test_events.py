"""Events have fields of their own: what every line of a JSON log has is never replaced."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "storescpd"
KEYS_OF_EACH_LINE = {"time", "level", "pid", "message", "traceback"}
"""Of ``telemetry.formats.JsonFormatter``."""


def events() -> list[tuple[Path, ast.Call]]:
    """Every call that logs an event, with its file."""
    return [
        (path, node)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log_event"
    ]


def test_no_field_has_the_name_of_what_each_line_has():
    found = events()
    assert found
    wrong = [
        f"{path}:{call.lineno}: {keyword.arg}"
        for path, call in found
        for keyword in call.keywords
        if keyword.arg in KEYS_OF_EACH_LINE
    ]
    assert wrong == []
