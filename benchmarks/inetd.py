"""How long a peer waits for its association where each gets a process of its own: ``python -m benchmarks.inetd``.

What counts is from connect to A-ASSOCIATE-AC: the fork, the start and the association. Beside it stands Python itself
with the two libraries that such a start cannot do without.
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
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE
from tests.support.rawclient import ASSOCIATE_AC, associate_request

ROUNDS = 25
MOST = 2.0
"""As many times what Python needs with its libraries is allowed."""
PYTHON = "python with pydantic and ssl"
REQUEST = associate_request([(1, CT_IMAGE, [EXPLICIT_LITTLE])])


def association(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds from connect to A-ASSOCIATE-AC, where a program is started for each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as peer:
        peer.settimeout(60)
        began = time.perf_counter()
        peer.connect(server.getsockname())
        connection, _ = server.accept()
        with connection:
            fd = connection.fileno()
            process = subprocess.Popen(command, stdin=fd, stdout=fd, stderr=fd, env=environment)
        peer.sendall(REQUEST)
        answer = peer.recv(65536)
        seconds = time.perf_counter() - began
        peer.close()
        process.wait()
    if answer[:1] != bytes([ASSOCIATE_AC]):
        raise RuntimeError(f"{command[0]} did not accept the association")
    return seconds


def start(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds that a program runs."""
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True)
    return time.perf_counter() - began


def contestants(directory: Path) -> dict[str, Callable[[], float]]:
    """What is measured, by name."""
    config = directory / "storescpd.toml"
    storage = {"directory": str(directory), "min_free": 0}
    config.write_text(tomli_w.dumps({"storage": storage, "logging": {"destination": str(directory / "log")}}))
    # What is installed has its bytecode; the round that nobody counts makes that of a source tree.
    environment = {**os.environ, "PYTHONPATH": PATH, "PYTHONPYCACHEPREFIX": str(directory / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    ours = (sys.executable, "-m", "storescpd", "--inetd", "--config", str(config))
    return {
        PYTHON: lambda: start((sys.executable, "-c", "import pydantic, ssl"), environment),
        "storescp --inetd": lambda: association(("storescp", "--inetd", "-od", str(directory)), environment),
        "storescpd --inetd": lambda: association(ours, environment),
    }


def measure(rounds: int, directory: Path) -> dict[str, float]:
    """Median seconds by name; all of them take turns, after one round that nobody counts."""
    able = contestants(directory)
    taken: dict[str, list[float]] = {name: [] for name in able}
    for number in range(rounds + 1):
        for name, run in able.items():
            seconds = run()
            if number:
                taken[name].append(seconds)
    return {name: median(values) for name, values in taken.items()}


def main() -> int:
    """The command; it fails where the start takes longer than it may."""
    parser = argparse.ArgumentParser(prog="benchmarks.inetd", description=__doc__)
    parser.add_argument("-r", "--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="storescpd-bench-") as directory:
        taken = measure(rounds, Path(directory))
    print(f"{results.machine()}; from connect to A-ASSOCIATE-AC, median of {rounds}\n")
    for name, seconds in taken.items():
        print(f"| {name:28} | {seconds * 1000:6.0f} ms | {seconds / taken[PYTHON]:5.2f} |")
    return int(taken["storescpd --inetd"] > MOST * taken[PYTHON])


if __name__ == "__main__":
    sys.exit(main())
