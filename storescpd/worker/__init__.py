"""One worker process: sockets, threads and deadlines around the pure layers.

``process`` is its main loop, ``accept`` takes connections, ``session`` serves one of them, ``reception`` stores one
object. This is the only package in which wire, association, dataset and store meet.
"""
