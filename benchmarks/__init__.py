"""The same load to storescpd and to others in turn: `python -m benchmarks quick`."""

from tests.support import build

build.use()
