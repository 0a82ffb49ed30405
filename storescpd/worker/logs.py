"""From [logging] to the log of the daemon."""

from storescpd.config.logging import Logging
from storescpd.telemetry.log import Log


def configure_log(log: Log, wanted: Logging) -> None:
    """Log as the configuration says.

    Raises:
        OSError: the destination cannot be written; the log stays as it was.
    """
    log.configure(
        wanted.level,
        wanted.destination,
        wanted.format,
        dump_contexts=wanted.dump_presentation_contexts,
        lines_per_peer=wanted.lines_per_peer,
    )
