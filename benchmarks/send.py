"""The load generator: a process an association, one sendall an object, latencies kept, nothing else done."""

import multiprocessing
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

from benchmarks.generate import Kind, Message
from benchmarks.running import Running
from benchmarks.workloads import Workload
from tests.support.objects import EXPLICIT_LITTLE, Template, encode
from tests.support.rawclient import IMPLEMENTATION_UID, Context, RawAssociation

PATIENCE = 120
"""Seconds without an answer after which a run has failed."""
OWN = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """What a run came to."""

    seconds: float
    latencies: Sequence[float]
    """Seconds from the first byte to the answer, an object each."""
    numbers: Sequence[int]
    """The objects that were answered with success."""
    failures: Sequence[str]
    beside: Sequence[int] = ()
    """Objects that another association had stored meanwhile."""


def proposal(template: Template, contexts: int) -> list[Context]:
    """The context that is used, and others that are only proposed."""
    others = [(2 * number + 1, f"1.2.840.10008.5.1.4.1.1.{number}", [EXPLICIT_LITTLE]) for number in range(1, contexts)]
    return [(OWN, template.sop_class, [EXPLICIT_LITTLE]), *others]


def associate(running: Running, contexts: list[Context]) -> RawAssociation:
    """An association whose waits are the kernel's business."""
    association = RawAssociation(running.port, contexts, timeout=PATIENCE, tls=running.client)
    association.socket.settimeout(None)
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        association.socket.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", PATIENCE, 0))
    return association


def send_all(running: Running, workload: Workload, numbers: range, latencies: list[float], stored: list[int]) -> None:
    """Send objects, a new association after as many as the workload says."""
    template = workload.kind.sent()
    contexts = proposal(template, workload.contexts)
    step = workload.per_association or len(numbers)
    for first in range(numbers.start, numbers.stop, step):
        with associate(running, contexts) as association:
            message = Message(template, OWN, association.pdv_size)
            for number in range(first, min(first + step, numbers.stop)):
                began = time.monotonic()
                association.socket.sendall(message.numbered(number))
                status = association.status()
                latencies.append(time.monotonic() - began)
                if status != 0:
                    raise RuntimeError(f"object {number} was answered {status:04X}")
                stored.append(number)
            association.release()


def sender(running: Running, workload: Workload, numbers: range, start: Barrier, pipe: Connection) -> None:
    """The body of a sender process."""
    latencies: list[float] = []
    stored: list[int] = []
    failure = ""
    start.wait(PATIENCE)
    began = time.monotonic()
    try:
        send_all(running, workload, numbers, latencies, stored)
    except Exception as error:  # noqa: BLE001 - whatever it is belongs in the report
        failure = f"{type(error).__name__}: {error}"
    pipe.send((began, time.monotonic(), latencies, stored, failure))


def send_until(running: Running, kind: Kind, first: int, enough: Event, stored: Connection) -> None:
    """Send objects of a kind until it is enough; then say which, and what went wrong."""
    numbers: list[int] = []
    failure, template = "", kind.sent()
    try:
        with associate(running, proposal(template, 1)) as association:
            message = Message(template, OWN, association.pdv_size)
            while not enough.is_set():
                association.socket.sendall(message.numbered(first + len(numbers)))
                if (status := association.status()) != 0:
                    raise RuntimeError(f"an object beside was answered {status:04X}")  # noqa: TRY301 - one report
                numbers.append(first + len(numbers))
            association.release()
    except Exception as error:  # noqa: BLE001 - whatever it is belongs in the report
        failure = f"{type(error).__name__}: {error}"
    stored.send((numbers, failure))


@contextmanager
def beside(running: Running, kind: Kind | None, first: int) -> Iterator[Callable[[], tuple[list[int], str]]]:
    """Another sender meanwhile; the call ends it and returns its objects, and what went wrong."""
    if kind is None:
        yield lambda: ([], "")
        return
    context = multiprocessing.get_context("fork")
    kind.sent()  # made once, inherited by the sender
    enough, (mine, theirs) = context.Event(), context.Pipe(duplex=False)
    process = context.Process(target=send_until, args=(running, kind, first, enough, theirs), daemon=True)
    process.start()
    theirs.close()

    def finish() -> tuple[list[int], str]:
        enough.set()
        return mine.recv()  # type: ignore[no-any-return]

    try:
        yield finish
    finally:
        enough.set()
        process.join()


def run(running: Running, workload: Workload, first: int, count: int) -> Sent:
    """Send `count` objects from number `first` on, shared out among the workload's associations."""
    with beside(running, workload.beside, first + count) as finish:
        sent = run_senders(running, workload, first, count)
        others, failure = finish()
    return replace(sent, beside=others, failures=[*sent.failures, *([failure] if failure else [])])


def run_senders(running: Running, workload: Workload, first: int, count: int) -> Sent:
    """The objects that are measured."""
    context = multiprocessing.get_context("fork")
    workload.kind.sent()  # made once, inherited by the senders
    start = context.Barrier(workload.associations)
    share = count // workload.associations
    senders, pipes = [], []
    for index in range(workload.associations):
        mine, theirs = context.Pipe(duplex=False)
        numbers = range(first + index * share, first + (index + 1) * share)
        process = context.Process(target=sender, args=(running, workload, numbers, start, theirs), daemon=True)
        process.start()
        theirs.close()
        senders.append(process)
        pipes.append(mine)
    results = [pipe.recv() for pipe in pipes]
    for process in senders:
        process.join()
    began, ended, latencies, stored, failures = zip(*results, strict=True)
    return Sent(
        max(ended) - min(began),
        [latency for some in latencies for latency in some],
        [number for some in stored for number in some],
        [failure for failure in failures if failure],
    )


def prepare(running: Running, workload: Workload, first: int, count: int) -> Callable[[], Sent]:
    """A run that is ready to go: files are written beforehand where a program is to send them."""
    if not workload.command:
        return lambda: run(running, workload, first, count)
    folder = running.directory.with_name("files")
    write_files(folder, workload.kind.sent(), range(count))
    words = [word.format(port=running.port, directory=folder) for word in workload.command]
    return lambda: run_command(words, count)


def write_files(folder: Path, template: Template, numbers: range) -> None:
    """A directory with exactly these objects as files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number in numbers:
        (folder / f"{number}.dcm").write_bytes(part_10(template, number))


def part_10(template: Template, number: int) -> bytes:
    """One object as a file."""
    meta = b"".join(
        (
            encode(0x00020001, "OB", b"\0\1"),
            encode(0x00020002, "UI", template.sop_class.encode("ascii")),
            encode(0x00020003, "UI", template.instance(number).encode("ascii")),
            encode(0x00020010, "UI", EXPLICIT_LITTLE.encode("ascii")),
            encode(0x00020012, "UI", IMPLEMENTATION_UID.encode("ascii")),
        )
    )
    length = encode(0x00020000, "UL", struct.pack("<I", len(meta)))
    return bytes(128) + b"DICM" + length + meta + template.bytes(number)


def run_command(words: Sequence[str], count: int) -> Sent:
    """Let a program send; what it did not deliver is found missing."""
    began = time.monotonic()
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    seconds = time.monotonic() - began
    failures = [f"{words[0]} ended with {done.returncode}"] if done.returncode else []
    return Sent(seconds, [], range(count), failures)


@contextmanager
def idle(port: int, count: int) -> Iterator[None]:
    """Hold associations that say nothing."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(RawAssociation(port))
        yield
