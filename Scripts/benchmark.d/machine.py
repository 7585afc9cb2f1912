"""What the figures were taken on, without which they say nothing."""

import datetime
import os
import platform
import re
import subprocess


def facts(bench):
    """Processor, kernel, versions and the date."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "file_system": _line(["stat", "--file-system", "--format=%T", bench.directory]),
        "load_before": os.getloadavg()[0],
        "tailrace": _line([bench.tailrace, "--version"]),
        "postgresql": _line([os.path.join(bench.programs, "postgres"), "--version"]),
        "python": platform.python_version(),
    }


def _processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _line(command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
    return done.stdout.strip()
