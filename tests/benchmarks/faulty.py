"""Benchmarks of a receiver that damages an object and loses another: `python -m tests.benchmarks.faulty DIRECTORY`."""

import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import runs
from benchmarks.__main__ import save
from benchmarks.generate import SR
from benchmarks.others import ceiling
from benchmarks.places import Places
from benchmarks.running import Receiver, Running
from benchmarks.workloads import Workload

OBJECTS = 5


@contextmanager
def faulty(directory: Path) -> Iterator[Running]:
    """The ceiling; as the last answer has been given one of its files changes and another disappears."""
    with ceiling(directory) as running:

        def spoil() -> None:
            damaged, lost, *_ = sorted(running.paths())
            damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
            lost.unlink()

        yield dataclasses.replace(running, settle=spoil)


def main() -> int:
    folder = Path(sys.argv[1])
    receiver = Receiver("faulty", faulty, reencodes=False)
    results = runs.run([Workload("W", SR, OBJECTS)], [receiver], 1, Places(folder, folder, None), lambda *_: None)
    return save(results, folder / "last.json")


if __name__ == "__main__":
    sys.exit(main())
