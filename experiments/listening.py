"""Words of a server's options in, a port that it may listen on and pages that may read its answers out, or why not."""

import argparse
import errno
import re
import socket
from typing import Final

_LAST_PORT: Final = 65_535
_ORIGIN: Final = re.compile(r"https?://[^\s/?#@]+|\*")  # as browsers send it: a scheme and a host, no path


def port(word: str) -> int:
    """Return the port that a word names.

    Raises:
        ArgumentTypeError: it is none.
    """
    number = int(word) if word.isdecimal() else 0
    if not 0 < number <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"found {word}, expected a port from 1 to {_LAST_PORT}")
    return number


def origin(word: str) -> str:
    """Return the origin of web pages that a word names.

    Raises:
        ArgumentTypeError: a browser would never send it.
    """
    if not _ORIGIN.fullmatch(word):
        raise argparse.ArgumentTypeError(f"found {word}, expected https://HOST or http://HOST:PORT, without a path")
    return word


def require_free(host: str, number: int) -> None:
    """Refuse an address that nothing can listen on now.

    Raises:
        OSError: another program listens there, this user may not, or the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            trial.bind((host, number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise OSError(
                    f"--port: found {number} in use on {host}; name another --port, or stop what listens there"
                ) from error
            if error.errno == errno.EACCES:
                raise OSError(f"--port: found {number}, which is not for every user; name one above 1023") from error
            raise OSError(
                f"--host: found {host}, which this machine cannot listen on ({error}); expected 127.0.0.1 for this "
                "machine alone, 0.0.0.0 for the network, or an address of this machine"
            ) from error
