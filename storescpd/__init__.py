"""The DICOM Storage SCP for Linux servers."""

__version__ = "0.1.0"
