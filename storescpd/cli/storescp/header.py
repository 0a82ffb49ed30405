"""What stands before everything that the command shows, errors included."""

from storescpd import __version__

PROGRAM = "storescp"
HEADER = f"$storescpd: {PROGRAM} v{__version__} $\n\n{PROGRAM}: receives DICOM objects and stores them\n"
