"""Letting others run between two pieces of work, on threads and on greenlets."""

import time
from types import BuiltinFunctionType


def pause() -> None:
    """Give way to requests that are ready to run.

    Under gevent, where nothing else makes a greenlet give way, it costs 1 µs. On real threads it
    does nothing: the interpreter switches by itself and a running graph lets go of its lock,
    while `time.sleep(0)` was measured to cost 70 µs.
    """
    if not isinstance(time.sleep, BuiltinFunctionType):  # gevent has put its own in place
        time.sleep(0)
