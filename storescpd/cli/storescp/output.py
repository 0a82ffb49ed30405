"""Where the command logs, and how."""

from storescpd.config import Config
from storescpd.telemetry.handlers import configure


def configure_log(config: Config) -> None:
    """Send the log of this process, and of those that it forks, where the command line says.

    Raises:
        OSError: the destination cannot be written.
    """
    configure(config.logging.level, config.logging.destination, config.logging.format)
