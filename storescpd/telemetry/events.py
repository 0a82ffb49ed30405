"""Events: a constant message and fields with names, whatever the format of the log."""

import logging

ROOT = "storescpd"
ASSOCIATIONS = f"{ROOT}.association"
ENDS = f"{ASSOCIATIONS}.end"
OBJECTS = f"{ROOT}.object"
REPLACED = f"{OBJECTS}.replaced"
LOGGERS = (ROOT, ASSOCIATIONS, ENDS, OBJECTS, REPLACED)
"""Loggers. Those of a kind that a manner of speaking may make louder have one of their own: the others stay unmade."""

TRIAL = "testing options are on: objects may be refused, delayed or thrown away"
"""Whoever has typed such an option knows; whoever reads the log of a daemon does not."""

FIELDS = "fields"
"""Attribute of a log record that holds the fields."""


def log_event(logger: logging.Logger, level: int, message: str, /, **fields: object) -> None:
    """Log an event; the fields keep their order."""
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={FIELDS: fields})
