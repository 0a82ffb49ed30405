"""From [logging] to the log of this process, and of those that it forks."""

from storescpd.config.logging import Logging
from storescpd.telemetry.handlers import configure


def configure_log(wanted: Logging) -> None:
    """Log as the configuration says.

    Raises:
        OSError: the destination cannot be written; the log stays as it was.
    """
    configure(wanted.level, wanted.destination, wanted.format, dump_contexts=wanted.dump_presentation_contexts)
