"""What a client costs from its start to its end: time, processor time on both sides, memory."""

import os
import subprocess
import threading
import time

import processes


class Failure(Exception):
    """A client did not do what it was to do; the message says which and how."""


class Measure:
    """One run of one client."""

    def __init__(self, wall, cpu, walsender, rss, output):
        self.wall, self.cpu, self.walsender, self.rss, self.output = wall, cpu, walsender, rss, output

    def figures(self, events):
        """By name, for the report and the JSON."""
        return {
            "seconds": self.wall,
            "events_per_second": events / self.wall,
            "client_cpu_per_million": self.cpu / events * 1e6,
            "walsender_cpu_per_million": self.walsender / events * 1e6 if self.walsender else None,
            "peak_rss_mb": self.rss,
        }


class Sampler(threading.Thread):
    """Looks at a client and at the walsender that serves it until told to stop; also ends a client that hangs.

    A process's figures are gone when it is, so the last look counts: at most a pause too early.
    """

    PAUSE = 0.004

    def __init__(self, pid, postmaster, seconds):
        super().__init__(name="sampler", daemon=True)
        self.pid, self.postmaster = pid, postmaster
        self.deadline = time.monotonic() + seconds
        self.stopping = threading.Event()
        self.walsenders = {}
        self.rss = 0
        self.is_late = False

    def run(self):
        while not self.stopping.wait(self.PAUSE):
            self.look()
            if time.monotonic() > self.deadline:
                self.is_late = True
                processes.kill(self.pid)
                return

    def look(self):
        self.rss = max(self.rss, processes.peak_memory(self.pid))
        # Some clients connect more than once.
        walsender = self.postmaster and processes.walsender(self.postmaster)
        if walsender:
            self.walsenders[walsender] = max(
                self.walsenders.get(walsender, 0), processes.processor_time(walsender))


def wait_for_no_walsender(postmaster):
    """The walsender of the run before must not be taken for the next one's."""
    deadline = time.monotonic() + 20
    while processes.walsender(postmaster) is not None:
        if time.monotonic() > deadline:
            raise Failure("the walsender of an earlier run does not end")
        time.sleep(0.02)


def run(command, *, name, environment, seconds, postmaster=None, output=subprocess.PIPE, codes=(0,)):
    """Runs a client to its end, which must come in time and with one of the exit codes."""
    if postmaster:
        wait_for_no_walsender(postmaster)
    began = time.monotonic()
    with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
            start_new_session=True) as process:
        # What is written to these pipes fits into them, so they are read when the client is done.
        sampler = Sampler(process.pid, postmaster, seconds)
        try:
            sampler.start()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            processes.kill(process.pid)
            raise
        finally:
            sampler.stopping.set()
            if sampler.ident:
                sampler.join()
        text = process.stdout.read() if process.stdout else b""
        errors = process.stderr.read().decode(errors="replace").strip()
    if sampler.is_late:
        raise Failure(f"{name}: not done within {seconds} s: {errors[-600:]}")
    if process.returncode not in codes:
        raise Failure(f"{name}: ended with {process.returncode}: {errors[-600:]}")
    # Not ru_maxrss: in it a child begins with what its parent had when it was forked.
    return Measure(wall, usage.ru_utime + usage.ru_stime, sum(sampler.walsenders.values()), sampler.rss / 1e6, text)
