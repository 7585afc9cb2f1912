"""Ctrl-C and SIGTERM: at once, except where something would be left behind."""

import contextlib
import signal

_depth = 0
_pending = False


def _handle(number, frame):
    global _pending
    if _depth:
        _pending = True
    else:
        raise KeyboardInterrupt


def install():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _handle)


@contextlib.contextmanager
def deferred():
    """Holds an interruption back until the block is done."""
    global _depth, _pending
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
    if not _depth and _pending:
        _pending = False
        raise KeyboardInterrupt


def ignore():
    """From now on nothing interrupts."""
    global _depth
    _depth += 1
