"""Standard input, output and error, which whoever starts us may have closed."""

import os
import sys


def have_standard_streams() -> None:
    """Before anything is opened: it would be opened in place of those that are closed, and written to as if it were."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, errors="backslashreplace"))
