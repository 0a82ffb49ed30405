"""Our command many times: imported once, then forked for each line that comes on standard input.

A line is JSON, ``{"arguments": [...], "log": PATH}``; the answer is the process id.
"""

import json
import os
import signal
import sys
from typing import NoReturn

from storescpd.cli.storescp import serving  # noqa: F401 - what a start has to import
from storescpd.cli.storescp.command import main


def answer() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            become(order["arguments"], order["log"])
        print(pid, flush=True)


def become(arguments: list[str], log: str) -> NoReturn:
    status = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        os.dup2(1, 2)
        status = main(arguments)
    finally:
        os._exit(status)


if __name__ == "__main__":
    answer()
