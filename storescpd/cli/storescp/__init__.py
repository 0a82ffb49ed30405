"""The ``storescp`` command: every option of DCMTK's, on our own engine.

``table`` has the options. Everything else is made from it: ``line`` reads a command line by it, ``refusals`` says what
does not go together, ``settings`` what a line means in the configuration's words, ``usage`` and ``reference`` show it.
To convert a line: ``command_files.expanded``, ``line.read``, ``refusals.check``, then ``settings.settings``; what an
option means otherwise than with storescp is in ``Option.differs``.
"""
