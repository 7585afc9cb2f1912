"""What /proc says of processes."""

import os
import re
import signal

TICKS = os.sysconf("SC_CLK_TCK")


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def kill(pid):
    """Ends a process of ours."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def peak_memory(pid):
    """The most memory a process has had in use, in bytes; 0 when it is gone."""
    found = re.search(rb"VmHWM:\s+(\d+) kB", _read(f"/proc/{pid}/status"))
    return int(found.group(1)) * 1024 if found else 0


def processor_time(pid):
    """The seconds that all threads of a process have run; 0 when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0.0
    exact = [_read(f"/proc/{pid}/task/{thread}/schedstat").split() for thread in threads]
    if all(exact) and sum(int(fields[0]) for fields in exact):
        return sum(int(fields[0]) for fields in exact) / 1e9
    # Kernels without scheduler statistics count in ticks.
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def wake_ups(pid):
    """How often the threads of a process have gone to sleep by themselves."""
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found = re.search(rb"\nvoluntary_ctxt_switches:\s+(\d+)", _read(f"/proc/{pid}/task/{thread}/status"))
            total += int(found.group(1)) if found else 0
    except OSError:
        pass
    return total


def children(pid):
    """The children of a process."""
    text = _read(f"/proc/{pid}/task/{pid}/children")
    if text:
        return [int(child) for child in text.split()]
    return [int(name) for name in os.listdir("/proc")
            if name.isdigit() and f"PPid:\t{pid}\n".encode() in _read(f"/proc/{name}/status")]


def walsender(postmaster):
    """The walsender of a server that has at most one; None without."""
    return next((child for child in children(postmaster)
                 if b" walsender " in _read(f"/proc/{child}/cmdline")), None)
