"""Events: a constant message and fields with names, whatever the format of the log."""

import logging

FIELDS = "fields"
"""Attribute of a log record that holds the fields."""


def log_event(logger: logging.Logger, level: int, message: str, /, **fields: object) -> None:
    """Log an event; the fields keep their order."""
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={FIELDS: fields})
