"""A client at the present end of the log, whose standard output is read as it comes."""

import os
import select
import signal
import subprocess
import time

import processes
from backlogs import PUBLICATION
from measurement import Failure, wait_for_no_walsender


def commands(bench):
    """The clients by name; each is a function of database and slot."""
    def tailrace(*more):
        return lambda database, slot: [
            bench.tailrace, "stream", "--database", bench.server.dsn(database), "--publication", PUBLICATION,
            "--slot", slot, "--no-retry", "--log-level", "warning", *more]

    found = {
        "pg_recvlogical": lambda database, slot: [
            os.path.join(bench.programs, "pg_recvlogical"), "--dbname", bench.server.dsn(database), "--slot", slot,
            "--start", "--no-loop", "--fsync-interval", "0", "--file", "-", "--option", "proto_version=1",
            "--option", f"publication_names={PUBLICATION}"],
        "tailrace": tailrace(),
    }
    if bench.has_option("stream", "--streaming"):
        found["tailrace, --streaming off"] = tailrace("--streaming", "off")
    return found


class Listener:
    """A running client. Used with `with`, which ends it."""

    def __init__(self, bench, command, output=subprocess.PIPE):
        self.bench = bench
        wait_for_no_walsender(bench.postmaster)
        self.errors = open(os.path.join(bench.directory, "listener.log"), "w+b")
        self.process = subprocess.Popen(
            command, env=bench.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=self.errors,
            start_new_session=True)

    def __enter__(self):
        try:
            self.walsender = self._connected()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _connected(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.process.poll() is None:
            found = processes.walsender(self.bench.postmaster)
            if found:
                time.sleep(1)  # until it has started, and looks at the slot no more
                return found
            time.sleep(0.02)
        raise Failure(f"{self.process.args[0]} does not connect: {self.said()}")

    def said(self):
        """What it wrote to standard error."""
        self.errors.seek(0)
        return self.errors.read()[-600:].decode(errors="replace")

    def read(self, seconds):
        """What comes next; nothing when nothing comes in time."""
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return b""
        piece = os.read(self.process.stdout.fileno(), 1 << 18)
        if not piece:
            raise Failure(f"{self.process.args[0]} ended: {self.said()}")
        return piece

    def usage(self):
        """The processor seconds so far of the client and of its walsender, and its peak memory in MB."""
        return (processes.processor_time(self.process.pid), processes.processor_time(self.walsender),
                processes.peak_memory(self.process.pid) / 1e6)

    def __exit__(self, *_):
        if self.process.stdout:
            self.process.stdout.close()
        try:
            # pg_recvlogical ends in an orderly way at SIGINT only.
            self.process.send_signal(signal.SIGINT)
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        finally:
            self.errors.close()
