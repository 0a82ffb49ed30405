"""What others have left behind, who were killed."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

from storescpd.telemetry.events import log_event

if TYPE_CHECKING:
    from storescpd.store import Directory

logger = logging.getLogger(__name__)


def sweep(directories: "Iterable[Directory]") -> None:
    """Remove abandoned temporary files; a directory that cannot be used now may be used later."""
    for directory in directories:
        from storescpd.store import StorageError  # noqa: PLC0415 - whoever has a directory has loaded it

        try:
            removed = directory.prepare()
        except StorageError as error:
            log_event(logger, logging.ERROR, "storage directory cannot be used now", cause=str(error))
        else:
            if removed:
                log_event(logger, logging.WARNING, "abandoned temporary files removed", count=len(removed))
