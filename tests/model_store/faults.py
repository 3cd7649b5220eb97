"""Real faults, made without patching: a disk that refuses to write, a process that is killed."""

import os
import resource
import signal
import sys
import warnings
from contextlib import contextmanager

WRITES = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link"}


@contextmanager
def disk_full(after_bytes):
    """Let every write beyond `after_bytes` of a file fail, as the system does at a limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def no_descriptors():
    """Let every opening of a file or directory fail for want of a descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def kill_at(step):
    """End this process with SIGKILL just before its `step`-th call that touches the disk."""
    seen = 0

    def hook(event, args):
        nonlocal seen
        if event in WRITES:
            seen += 1
            if seen > step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def forbid_writes():
    """Let this process die at its first call that would change the disk."""

    def hook(event, args):
        is_reading = event == "open" and not args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if event in WRITES and not is_reading:
            os._exit(99)

    sys.addaudithook(hook)


def in_child(work):
    """Run `work` in a forked child and return its exit status; a crash of it is not a pass."""
    with warnings.catch_warnings():
        # Other tests may have left threads; the child needs none of them and none of their locks.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(70)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
