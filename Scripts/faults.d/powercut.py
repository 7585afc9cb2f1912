"""A power cut: of what a killed program wrote, whatever it had not synced is gone.

strace records the program's writes and syncs; after a kill the files are cut back to what was synced, and names that were
made without a sync of their directory go. A rename counts as durable: what file systems make of it differs.
"""

import os
import re
import time

CALLS = "openat,write,pwrite64,ftruncate,fsync,fdatasync,?rename,?renameat,?renameat2,?unlink,?unlinkat"
LINE = re.compile(r"^(\d+)\s+(?:<\.\.\. (\w+) resumed>)?(.*)$")
CALL = re.compile(r"^(\w+)\((.*)$")
RESULT = re.compile(r"\)\s+= (-?\d+)")
DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")
NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')


class Files:
    """What is durable in a directory, as far as it is known; it goes on from one run to the next."""

    def __init__(self, directory):
        self.directory = directory
        self.durable = {}
        self.named = set()

    def begin(self):
        """Before a run: what nobody has watched counts as durable."""
        self.sizes = {}
        for name in os.listdir(self.directory):
            path = os.path.join(self.directory, name)
            self.sizes[path] = os.path.getsize(path)
            if path not in self.durable:
                self.durable[path] = self.sizes[path]
                self.named.add(path)
        for path in set(self.durable) - set(self.sizes):
            del self.durable[path]

    def replay(self, log):
        """Takes what a run did into account."""
        unfinished = {}
        with open(log, errors="replace") as lines:
            for line in lines:
                found = LINE.match(line.rstrip("\n"))
                if not found:
                    continue
                thread, resumed, text = found.groups()
                if resumed:
                    call, arguments, size = unfinished.pop(thread, (None, "", 0))
                    text = arguments + text
                else:
                    start = CALL.match(text)
                    if not start:
                        continue
                    call, text = start.groups()
                    size = self._size(text)
                    if text.endswith("<unfinished ...>"):
                        unfinished[thread] = (call, text.removesuffix("<unfinished ...>"), size)
                        continue
                result = RESULT.search(text)
                if call and result and int(result.group(1)) >= 0:
                    self._take(call, text, int(result.group(1)), size)

    def _path(self, text):
        found = DESCRIPTOR.match(text)
        return found.group(1).removesuffix(" (deleted)") if found else ""

    def _size(self, text):
        """A file's length when a call began: later writes are none of its business."""
        return self.sizes.get(self._path(text), 0)

    def _inside(self, name):
        path = os.path.join(self.directory, name)
        return path if os.path.dirname(path) == self.directory else None

    def _take(self, call, text, result, size):
        path = self._path(text)
        if call in ("write", "pwrite64") and path in self.sizes:
            self.sizes[path] += result
        elif call == "ftruncate" and path in self.sizes:
            length = int(re.search(r", (\d+)\)", text).group(1))
            self.sizes[path] = length
            self.durable[path] = min(self.durable.get(path, 0), length)
        elif call in ("fsync", "fdatasync"):
            if path == self.directory:
                self.named |= set(self.sizes)
            elif path in self.sizes:
                self.durable[path] = max(self.durable.get(path, 0), size)
        elif call == "openat" and "O_CREAT" in text:
            made = self._inside(NAME.search(text).group(1))
            if made and made not in self.sizes:
                self.sizes[made], self.durable[made] = 0, 0
        elif call.startswith("rename"):
            old, new = [self._inside(name) for name in NAME.findall(text)[:2]]
            if old in self.sizes and new:
                self.sizes[new], self.durable[new] = self.sizes.pop(old), self.durable.pop(old, 0)
                self.named.discard(old)
                self.named.add(new)
        elif call.startswith("unlink"):
            gone = self._inside(NAME.search(text).group(1))
            self.sizes.pop(gone, None)
            self.durable.pop(gone, None)

    def cut(self):
        """Lets go what was not synced; says what."""
        gone = []
        for path in list(self.sizes):
            if not os.path.exists(path):
                continue
            if path not in self.named:
                os.remove(path)
                gone.append(f"{path}, a name")
            elif os.path.getsize(path) > self.durable.get(path, 0):
                gone.append(f"{path}, {os.path.getsize(path) - self.durable.get(path, 0)} bytes")
                os.truncate(path, self.durable.get(path, 0))
        return gone


class Recording:
    """A run under strace that only watches; at its end perhaps the power fails."""

    def __init__(self, files, log, cuts):
        self.files, self.log, self.cuts = files, log, cuts
        # Slow syncs, so that a kill often comes between a write and its sync.
        self.arguments = ["-y", "-e", f"trace={CALLS}", "-e", "inject=fsync,fdatasync:delay_enter=150000"]
        self.output = log
        self.excuses = []

    def begin(self):
        self.files.begin()

    def conclude(self):
        # On a busy machine it may have been killed before the tracer had begun.
        if os.path.exists(self.log):
            self.files.replay(self.log)
            os.remove(self.log)
        gone = self.files.cut() if self.cuts else []
        return [f"power cut: {what}" for what in gone]


def wait_for_end(log):
    """The tracer writes down the end of what it traces."""
    if log == os.devnull:
        return
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        try:
            with open(log, "rb") as file:
                if b"+++" in file.read()[-2000:]:
                    return
        except OSError:
            pass
        time.sleep(0.02)
