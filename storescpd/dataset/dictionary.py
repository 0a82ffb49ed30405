"""Which VR an element has that is sent without one (PS3.6)."""


class Dictionary:
    """The data dictionary."""

    @classmethod
    def builtin(cls) -> "Dictionary":
        """What pydicom knows: the public dictionary and the private ones."""
        return cls()
