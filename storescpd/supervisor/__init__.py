"""The supervisor: binds the ports, forks the workers, replaces the dead, reloads, stops.

It never touches a DICOM byte and runs nothing that can block.
"""
