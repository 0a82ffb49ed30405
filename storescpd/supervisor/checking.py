"""A configuration is tried out by a child: a hung spool, a name server that is silent stop nobody else."""

import logging
import os
import pickle
import selectors
import signal
from collections.abc import Callable
from typing import NoReturn

from storescpd.config import ConfigError
from storescpd.supervisor.children import EVERY_SIGNAL, cause
from storescpd.supervisor.preparing import StartError, Verdict, problems

_PIECE = 1 << 16

logger = logging.getLogger(__name__)


class Check:
    """One such child."""

    def __init__(self, examine: Callable[[], Verdict], forget: Callable[[], None]) -> None:
        """Fork it; raises OSError when the system has no room for it."""
        self._reader, writer = os.pipe()
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, EVERY_SIGNAL)
        try:
            self.pid = os.fork()
            if not self.pid:
                _live(examine, forget, writer)
        except OSError:
            os.close(self._reader)
            raise
        finally:
            os.close(writer)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.set_blocking(self._reader, False)
        self._said = bytearray()
        self._selector: selectors.BaseSelector | None = None
        self._status: int | None = None

    def listen(self, selector: selectors.BaseSelector) -> None:
        """Hear what it says as soon as it says it."""
        selector.register(self._reader, selectors.EVENT_READ, self._hear)
        self._selector = selector

    def _hear(self) -> None:
        piece = os.read(self._reader, _PIECE)
        self._said += piece
        if not piece:
            self._close()

    def _close(self) -> None:
        if self._selector is not None:
            self._selector.unregister(self._reader)
            os.close(self._reader)
            self._selector = None

    def buried(self, pid: int, status: int) -> None:
        """A child of the daemon has died."""
        if pid == self.pid:
            self._status = status

    def kill(self) -> None:
        """It is of no interest any more."""
        self._close()
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)

    @property
    def verdict(self) -> Verdict | None:
        """What came of it; ``None`` as long as it goes on."""
        if self._selector is not None or self._status is None:
            return None
        if self._status:
            return Verdict(None, {}, (f"the check ended with {cause(self._status)}",))
        verdict: Verdict = pickle.loads(self._said)  # noqa: S301 - said by a process of our own
        return verdict


def _live(examine: Callable[[], Verdict], forget: Callable[[], None], writer: int) -> NoReturn:
    """The child. What it finds is logged by its parent alone."""
    status = 1
    try:
        forget()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        logging.disable()
        with open(writer, "wb") as pipe:
            pickle.dump(_examined(examine), pipe)
        status = 0
    except BaseException:
        logging.disable(logging.NOTSET)
        logger.exception("a check ends by a defect")
    finally:
        os._exit(status)


def _examined(examine: Callable[[], Verdict]) -> Verdict:
    try:
        return examine()
    except (ConfigError, StartError, OSError) as error:
        return Verdict(None, {}, problems(error), bad_file=isinstance(error, ConfigError))
