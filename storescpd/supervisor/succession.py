"""One generation after the other: the present one, what the next one needs, and the ports that are to be closed."""

import functools
import logging
import os
from collections.abc import Callable, Iterable, Mapping

from storescpd.access.tls import TlsError
from storescpd.config import Config
from storescpd.supervisor import cpus
from storescpd.supervisor.children import Generation
from storescpd.supervisor.identity import become
from storescpd.supervisor.launch import Launch
from storescpd.supervisor.listeners import (
    BIND_PATIENCE,
    Key,
    ListenError,
    Place,
    bind,
    bound_here,
    close,
    describe,
    places,
    retire,
)
from storescpd.supervisor.preparing import Fixed, StartError, Verdict, examine, made, try_out, warn_of
from storescpd.telemetry.events import log_event
from storescpd.telemetry.log import Log
from storescpd.worker.accept import Listener
from storescpd.worker.logs import configure_log
from storescpd.worker.securing import ask_password
from storescpd.worker.settings import Settings

logger = logging.getLogger(__name__)


class Succession:
    """The present generation is there from the begin."""

    def __init__(self, config: Config, launch: Launch, prepare_control: Callable[[], None]) -> None:
        """What needs rights that will be given up, then what must be possible without them.

        ``prepare_control`` is called twice: while there are all rights, and when the storage directory is prepared.

        Raises:
            StartError: it cannot serve.
            ConfigError: a file that the configuration names is wrong.
            IdentityError: it cannot give root up.
        """
        # Asked once: a reload must not wait for somebody at the terminal.
        self._ask = functools.cache(ask_password)
        self._fixed = Fixed(config.process.user, config.process.group)
        self._passed, self._account, self._log = launch.passed, launch.account, launch.log
        self._retiring: dict[Key, Listener] = {}
        wanted = made(config, self._ask, launch.aside)
        try:
            found = places(config, self._passed, launch.bound)
            listeners = bind(config, self._passed, found, launch.bound, BIND_PATIENCE)
        except ListenError as error:
            raise StartError(str(error)) from error
        prepare_control()
        if launch.account is not None:
            become(launch.account)
        warn_of(try_out(wanted, None))
        prepare_control()
        self.present = _generation(config, 1, listeners, wanted)

    @property
    def kept(self) -> dict[Key, Listener]:
        """The sockets that the next generation may go on with."""
        return {**self._retiring, **self.present.listeners}

    def examine(self, config: Config, ledger: str | None) -> Verdict:
        """Try a configuration out, in a child; ``ledger`` is the one in use.

        Raises:
            StartError: it cannot be used, or not without a restart.
            ConfigError: a file that the configuration names is wrong.
            OSError: the log cannot be written.
        """
        self._fixed.compare(config)
        os.umask(config.process.umask)
        try:
            Log.try_out(config.logging.destination, config.logging.format)
            found, shortages = examine(config, self._passed, self.kept, ledger, self._known_password)
            return Verdict(config, found, shortages=shortages)
        except (StartError, OSError) as error:
            if self._account is None:
                raise
            raise StartError(f"{error} (tried as user {self._account.uid}: root was given up at the start)") from error

    def _known_password(self) -> str:
        if not self._ask.cache_info().currsize:
            raise TlsError("prompt_password", "nobody can be asked during a reload: restart the daemon")
        return self._ask()

    def follow(self, config: Config, found: Mapping[Key, Place]) -> None:
        """Make the next generation the present one; until the last line that can fail all is as it was.

        Raises:
            StartError: it cannot serve.
            ConfigError: a file that the configuration names is wrong.
            OSError: the log cannot be written.
        """
        kept = self.kept
        wanted = made(config, self._known_password)
        try:
            listeners = bind(config, self._passed, found, kept, patience=0.0)
        except ListenError as error:
            raise StartError(str(error)) from error
        fresh = [listener for key, listener in listeners.items() if key not in kept]
        umask = os.umask(config.process.umask)
        try:
            configure_log(self._log, config.logging)
        except BaseException:
            os.umask(umask)
            close(fresh)
            raise
        self.present = _generation(config, self.present.number + 1, listeners, wanted)
        self._retiring = {key: listener for key, listener in bound_here(kept).items() if key not in listeners}
        log_event(logger, logging.INFO, "reloading", generation=self.present.number)
        announce(fresh)

    def retire(self) -> None:
        """The present generation serves: what it does not have is to be closed."""
        retire(self._retiring.values())

    def close_retired(self) -> None:
        """Let go of what is to be closed; also in children that have nothing to do with it."""
        close(self._retiring.values())
        self._retiring.clear()

    def close(self) -> None:
        """Close all ports in this process."""
        close(self.present.listeners.values())
        for sock in self._passed.values():
            sock.close()
        self.close_retired()


def workers_of(config: Config) -> int:
    """How many workers a configuration asks for on this machine."""
    workers = config.process.workers
    return min(cpus.usable(), cpus.MOST_WORKERS) if workers == "auto" else workers


def _generation(config: Config, number: int, listeners: Mapping[Key, Listener], wanted: Settings) -> Generation:
    return Generation(
        number=number,
        workers=workers_of(config),
        listeners=listeners,
        settings=wanted,
        drain_timeout=config.process.drain_timeout,
        reload_drain_timeout=config.process.reload_drain_timeout,
    )


def announce(listeners: Iterable[Listener]) -> None:
    """Log where connections are taken."""
    for listener in listeners:
        # The address stands in the message: scripts and people look for it.
        log_event(logger, logging.INFO, f"listening on {describe(listener)} ({listener.name})")
