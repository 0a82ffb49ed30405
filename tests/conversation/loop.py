"""The acceptor alone behind a socket: every connection has a thread, every object is answered with success."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.association.driver import Driver


@contextmanager
def acceptor_loop() -> Iterator[int]:
    """Listen on a free port, which is yielded, and serve until the end."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        thread = threading.Thread(target=_accept, args=(listener,))
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listener: socket.socket) -> None:
    serving: list[threading.Thread] = []
    with contextlib.suppress(OSError):  # the listener was shut down
        while True:
            connection, _ = listener.accept()
            thread = threading.Thread(target=_serve, args=(connection,))
            thread.start()
            serving.append(thread)
    for thread in serving:
        thread.join()


def _serve(connection: socket.socket) -> None:
    driver = Driver()
    with connection, contextlib.suppress(ConnectionError):
        while not driver.ended and (received := connection.recv(65536)):
            driver.feed(received)
            connection.sendall(driver.sent)
            driver.sent.clear()
        # Unread bytes would turn the close into a reset, which can overtake the last words.
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
