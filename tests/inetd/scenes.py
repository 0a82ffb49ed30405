"""What the tests of inetd mode start."""

import os
import site
import stat
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from tests.support.build import BUILD
from tests.support.daemon import merged

SYSTEM = Path("/usr/bin/python3")


def configured(folder: Path, config: Mapping[str, Any] | None = None) -> Path:
    """A configuration beside a fresh directory for objects, `out`, with its log in a file, `log`."""
    (folder / "out").mkdir(exist_ok=True)
    base = {
        "storage": {"directory": str(folder / "out"), "min_free": 0, "durability": "none"},
        "logging": {"destination": str(folder / "log"), "format": "text"},
    }
    path = folder / "storescpd.toml"
    path.write_text(tomli_w.dumps(merged(base, config or {})))
    return path


def ours(config: Path, *, python: str = sys.executable) -> list[str]:
    """storescpd as inetd starts it."""
    script = _script(config.with_name("storescpd"), "storescpd.cli.storescpd", python)
    return [str(script), "--inetd", "--config", str(config)]


def drop_in(out: Path, *options: str) -> list[str]:
    """Our storescp, as inetd starts it."""
    out.mkdir(exist_ok=True)
    script = _script(out.with_name("storescp"), "storescpd.cli.storescp.command", sys.executable)
    return [str(script), "--inetd", *options, "-od", str(out)]


def _script(script: Path, module: str, python: str) -> Path:
    """A command; not `python -m`, because xinetd passes on no path that Python could find itself by."""
    paths = [str(BUILD), *site.getsitepackages()]
    script.write_text(
        f"#!{python}\nimport sys\nsys.path[:0] = {paths!r}\nfrom {module} import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return script


def storescp(out: Path, *options: str) -> list[str]:
    """DCMTK's storescp, as inetd starts it."""
    out.mkdir(exist_ok=True)
    return ["/usr/bin/storescp", "--inetd", *options, "-od", str(out)]


def python_for_all() -> str | None:
    """A Python of this version that any user can run; root's own may be below a home that nobody else can enter."""
    library = Path(sysconfig.get_path("stdlib"))
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in (library, *library.parents)):
        return sys.executable
    same = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return same if SYSTEM.exists() and os.path.basename(os.path.realpath(SYSTEM)) == same else None
