"""Programs that are started again whenever they end, as a service manager would."""

import os
import signal
import subprocess
import threading
import time


class Part(threading.Thread):
    """One program, until told to rest."""

    def __init__(self, name, command, environment, directory, needs=None):
        super().__init__(name=name, daemon=True)
        self.command, self.environment = command, environment
        self.directory, self.log = directory, os.path.join(directory, f"{name}.log")
        self.needs = needs  # without which it may end by itself
        self.lock = threading.Lock()
        self.resting = threading.Event()
        self.process = None
        self.is_killed = False
        self.kills = 0
        self.problems = []

    def run(self):
        while not self.resting.is_set():
            began = time.monotonic()
            with self.lock:
                if self.resting.is_set():
                    return
                self.is_killed = False
                with open(self.log, "ab") as log:
                    self.process = subprocess.Popen(
                        self.command, cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        start_new_session=True)
            code = self.process.wait()
            if not self._is_expected(code, began):
                self.problems.append(f"{self.name} has ended with {code}: see {self.log}")
            self.resting.wait(0.05 if self.is_killed else 0.2)

    def _is_expected(self, code, began):
        if self.resting.is_set() and code == 0 or self.is_killed and code == -signal.SIGKILL:
            return True
        return code > 0 and self.needs is not None and self.needs.was_away_since(began)

    def kill(self):
        """Kills it, wherever it is; it comes again at once."""
        with self.lock:
            if self.process and self.process.poll() is None:
                self.is_killed = True
                self.process.kill()
                self.kills += 1

    def rest(self):
        """Asks it to end, and waits for that."""
        with self.lock:
            self.resting.set()
            if self.process and self.process.poll() is None:
                self.process.terminate()
        if self.ident is None:
            return
        self.join(20)
        if self.is_alive():
            self.problems.append(f"{self.name} has not ended within 20 s of SIGTERM")
            self.process.kill()
            self.join()

    def count(self, words):
        """How many lines of what it has said have these words."""
        if not os.path.exists(self.log):
            return 0
        with open(self.log, errors="replace") as log:
            return sum(words in line for line in log)


class Database:
    """The server, and when it was last away."""

    name = "postgres"

    def __init__(self, server, chance):
        self.server, self.chance = server, chance
        self.kills = 0
        self.back = 0.0
        self.is_away = False

    def kill(self):
        """Kills the postmaster, or lets it end without a checkpoint; it comes again at once."""
        self.is_away = True
        if self.chance.random() < 0.5:
            self.server.kill()
            self.server.start()
        else:
            self.server.restart("immediate")
        self.back, self.is_away = time.monotonic(), False
        self.kills += 1

    def was_away_since(self, moment):
        # What was refused while it came back may be told a little later.
        return self.is_away or self.back + 1 > moment
