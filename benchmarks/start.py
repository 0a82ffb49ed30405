"""How long after its exec a command listens: ``python -m benchmarks.start``.

storescp itself is in the same run: scripts that send at once were written for its start. ``--cold`` lets the kernel
forget the files of both before each start, which only root can do, and which slows everything else on the machine.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

import tomli_w

from benchmarks import results
from tests.support.build import PATH
from tests.support.processes import free_port

ROUNDS = 25
COLD_ROUNDS = 5
MOST = 0.1
MOST_COLD = 0.3
"""Seconds until the command listens, from the page cache and without."""
STORESCP, OURS, DAEMON = "storescp", "our storescp", "storescpd"
_PATIENCE = 60.0
_CACHES = Path("/proc/sys/vm/drop_caches")


def listens(command: Sequence[str], port: int, environment: Mapping[str, str]) -> float:
    """Seconds from the exec until somebody can connect."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except ConnectionRefusedError as error:
                if process.poll() is not None or time.perf_counter() - began > _PATIENCE:
                    raise RuntimeError(f"{command[0]} does not listen") from error
            else:
                return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()


def contestants(directory: Path) -> dict[str, Callable[[], float]]:
    """What is measured, by name."""
    # What is installed has its bytecode; the round that nobody counts makes that of a source tree.
    environment = {**os.environ, "PYTHONPATH": PATH, "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    # As the package starts it.
    bootstrap = directory / "storescp.py"
    bootstrap.write_text(
        f"import sys\nsys.path[:0] = {[*PATH.split(os.pathsep), *filter(None, sys.path)]!r}\n"
        "from storescpd.cli.storescp.command import main\nsys.exit(main())\n"
    )
    ours = (sys.executable, "-S", str(bootstrap), "-od", str(directory))
    return {
        STORESCP: lambda: _with_port(lambda port: ("storescp", "-od", str(directory), str(port)), environment),
        OURS: lambda: _with_port(lambda port: (*ours, str(port)), environment),
        DAEMON: lambda: _with_port(lambda port: _daemon(directory, port), environment),
    }


def _with_port(command: Callable[[int], Sequence[str]], environment: Mapping[str, str]) -> float:
    port = free_port()
    return listens(command(port), port, environment)


def _daemon(directory: Path, port: int) -> Sequence[str]:
    config = directory / "storescpd.toml"
    storage = {"directory": str(directory), "min_free": 0}
    config.write_text(tomli_w.dumps({"storage": storage, "listeners": [{"port": port, "address": "127.0.0.1"}]}))
    return (sys.executable, "-m", "storescpd", "--config", str(config))


def measure(rounds: int, directory: Path, *, cold: bool = False) -> dict[str, float]:
    """Median seconds by name; all of them take turns, after one round that nobody counts."""
    able = contestants(directory)
    taken: dict[str, list[float]] = {name: [] for name in able}
    for number in range(rounds + 1):
        for name, run in able.items():
            if cold and number:
                os.sync()
                _CACHES.write_text("3\n", encoding="ascii")
            seconds = run()
            if number:
                taken[name].append(seconds)
    return {name: median(values) for name, values in taken.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; it fails where the command listens later than it may."""
    parser = argparse.ArgumentParser(prog="benchmarks.start", description=__doc__)
    parser.add_argument("-r", "--rounds", type=int)
    parser.add_argument("--cold", action="store_true", help="from the disk; needs root")
    given = parser.parse_args(arguments)
    rounds = given.rounds or (COLD_ROUNDS if given.cold else ROUNDS)
    with tempfile.TemporaryDirectory(prefix="storescpd-bench-") as directory:
        taken = measure(rounds, Path(directory), cold=given.cold)
    print(f"{results.machine()}; from exec to a port that listens, median of {rounds}\n")
    for name, seconds in taken.items():
        print(f"| {name:14} | {seconds * 1000:6.0f} ms | {seconds / taken[STORESCP]:5.2f} |")
    return int(taken[OURS] > (MOST_COLD if given.cold else MOST))


if __name__ == "__main__":
    sys.exit(main())
