"""What is wrong with a command line."""


class CommandLineError(Exception):
    """The line is refused; the text is what stands behind ``error:``."""
