"""Where tailrace delivers to: a pipe, a file, a receiver. Each records what arrived."""

import fcntl
import json
import os
import subprocess
import threading
import time

import brokers
import queues
from deliveries import Record
from receiver import Receiver

# The table of dead letters.
LETTERS = "public.dead_letters"

# By SIGKILL, or by a second SIGINT or SIGTERM.
AT_ONCE = (-9, 130, 143)


class Pipe:
    """Standard output, read line by line by a thread for each process."""

    kind = "stdout"

    def __init__(self, plan, directory):
        self.record = Record(plan.envelope)
        self.stalled_until = 0.0
        self.size = plan.pipe_size
        self.arguments = []
        self.torn_ends = 0

    def attach(self, process):
        """Reads a process's output; the thread ends when the pipe does."""
        if self.size:
            try:
                fcntl.fcntl(process.stdout, getattr(fcntl, "F_SETPIPE_SZ", 1031), self.size)
            except OSError:
                pass
        thread = threading.Thread(target=self._read, args=(process,), name="pipe", daemon=True)
        thread.start()
        return thread

    def _read(self, process):
        rest = b""
        while True:
            while time.monotonic() < self.stalled_until:
                time.sleep(0.02)
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            lines = (rest + piece).split(b"\n")
            rest = lines.pop()
            for line in lines:
                self.record.add_line(line)
        process.stdout.close()
        if rest:
            # A process that was ended at once may leave a torn line; one that ended by itself may not.
            if process.wait() in AT_ONCE:
                self.torn_ends += 1
            else:
                self.record.tear(rest)

    def arrived(self):
        return len(self.record.ids)

    def heal(self):
        self.stalled_until = 0.0

    def finish(self):
        return self.record

    def close(self):
        self.heal()


class File:
    """A file and those that were rotated away."""

    kind = "file"

    def __init__(self, plan, directory):
        self.directory = os.path.join(directory, "out")
        self.envelope = plan.envelope
        os.mkdir(self.directory)
        self.path = os.path.join(self.directory, "events.ndjson")
        self.arguments = ["--sink", f"file:{self.path}"]
        self.is_mounted = False
        self.moves = 0
        self.may_double = False
        if plan.small_disk and not os.geteuid():
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", self.directory], stderr=subprocess.DEVNULL)
            self.is_mounted = done.returncode == 0
        self.filler = os.path.join(self.directory, "filler")

    def attach(self, process):
        return None

    def fill(self):
        """Leaves no room on the small disk."""
        with open(self.filler, "wb") as file:
            size, step = 0, 1 << 24
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), size, step)
                    size += step
                except OSError:
                    step //= 2

    def make_room(self):
        if os.path.exists(self.filler):
            os.remove(self.filler)

    def move_away(self):
        """Renames the file as another program might."""
        self.moves += 1
        os.rename(self.path, f"{self.path}.moved-{self.moves}")

    def paths(self):
        """All files, oldest first: names sort as events do, and the current one comes last."""
        names = [name for name in os.listdir(self.directory) if name.startswith("events.ndjson.")]
        names = sorted(name for name in names if not name.endswith((".state", ".new")))
        paths = [os.path.join(self.directory, name) for name in names]
        # Files that were moved by somebody else have names that say nothing.
        if self.moves:
            paths.sort(key=os.path.getmtime if self.envelope == "payload" else first_sequence)
        return paths + ([self.path] if os.path.exists(self.path) else [])

    def read(self):
        record = Record(self.envelope)
        for path in self.paths():
            with open(path, "rb") as file:
                lines = file.read().split(b"\n")
            rest = lines.pop()
            for line in lines:
                record.add_line(line)
            if rest:
                record.tear(rest)
        return record

    def delivered(self):
        return self.read().ids

    def arrived(self):
        try:
            return len(self.read().ids)
        except FileNotFoundError:
            return 0  # renamed under our eyes; the next look will do

    def heal(self):
        self.make_room()

    def finish(self):
        return self.read()

    def close(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.directory], stderr=subprocess.DEVNULL)
            self.is_mounted = False


def first_sequence(path):
    try:
        with open(path, "rb") as file:
            line = file.readline()
        at = line.find(b'"sequence":"')
        return line[at:at + 40]
    except OSError:
        return b""


class Web:
    """A receiver of HTTP requests."""

    kind = "http"

    def __init__(self, plan, directory):
        self.record = Record()
        self.receiver = Receiver(self.record, plan.seed, plan.refuses)
        self.target = ["--sink", f"http://127.0.0.1:{self.receiver.port}/events", *plan.http_arguments]
        self.token_path = None
        if plan.has_token:
            self.token_path = os.path.join(directory, "token")
            self.receiver.token = "first"
            self.write_token()
            self.target += ["--bearer-token-file", self.token_path]
        self.arguments = self.target
        self.letters_arguments = None
        # Who can be asked for letters in a table; known when the database is.
        self.ask = None
        if plan.poison:
            self.letters_path = os.path.join(directory, "letters.ndjson")
            self.has_table = plan.letters == "table"
            place = f"table:{LETTERS}" if self.has_table else f"file:{self.letters_path}"
            self.letters_arguments = ["--dead-letters", place]
            park = ["--park-key"] if plan.poison == "park" else []
            self.arguments = [*self.target, "--on-poison", "dead-letter", *self.letters_arguments, *park]

    def attach(self, process):
        return None

    def write_token(self):
        """As a program that renews it: the file is replaced."""
        with open(f"{self.token_path}.new", "w") as file:
            file.write(f"{self.receiver.token}\n")
        os.rename(f"{self.token_path}.new", self.token_path)

    def all_letters(self):
        """The ids of the dead letters, as often as they are there. Half a last line may be left of a crash, and a line that
        begins with a blank has been removed."""
        if not self.letters_arguments:
            return []
        if self.has_table:
            return self.ask(f"SELECT letter -> 'event' ->> 'id' FROM {LETTERS};")
        if not os.path.exists(self.letters_path):
            return []
        with open(self.letters_path, "rb") as file:
            lines = file.read().split(b"\n")[:-1]
        return [json.loads(line)["event"]["id"] for line in lines if line and not line.startswith(b" ")]

    def letters(self):
        return set(self.all_letters())

    def delivered(self):
        """What is durable: letters are not."""
        return self.record.ids

    def arrived(self):
        return len(self.record.ids | self.letters())

    def heal(self):
        self.receiver.heal()

    def finish(self):
        return self.record

    def close(self):
        self.receiver.close()


KINDS = {"stdout": Pipe, "file": File, "http": Web, "kafka": brokers.Kafka, "rabbitmq": brokers.RabbitMQ,
         "redis": brokers.Redis, "nats": brokers.NATS, "sqs": queues.Queue, "sns": queues.Topic}
