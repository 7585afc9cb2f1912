"""A tailrace that is started again whenever it ends, as a service manager would, and its exit codes."""

import os
import random
import re
import resource
import signal
import subprocess
import threading
import time

import powercut

KILLED = (-signal.SIGKILL, r"")
STOPPED = (0, r"")
DISK_FULL = [(74, r"No space left"), (73, r"No space left")]


class Run:
    """One process, and which ends of it are no surprise."""

    def __init__(self, process, injection):
        self.process, self.injection = process, injection
        self.excuses = []
        self.errors = []
        self.reader = None
        self.listener = threading.Thread(target=self._listen, name="messages", daemon=True)
        self.listener.start()

    def _listen(self):
        for line in self.process.stderr:
            self.errors.append(line.decode(errors="replace").rstrip())
        self.process.stderr.close()

    @property
    def has_begun(self):
        """Whether it streams, or has done so."""
        return any("streaming from slot" in line for line in self.errors)

    @property
    def is_stopping(self):
        """Whether it has been asked to end: a second signal would cut that short."""
        return STOPPED in self.excuses

    def is_excused(self, code):
        said = "\n".join(self.errors[-6:])
        return any(code == wanted and re.search(pattern, said) for wanted, pattern in self.excuses)

    def excuse(self, *excuses):
        self.excuses += excuses

    def end_tracer(self):
        """A tracer may miss the end of what it traces, and would hold its pipes open."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except OSError:
            pass

    def wait_until_handling(self):
        """A signal that comes before tailrace has begun to handle signals ends it as it would any program. A program that was
        not optimized reads its command line for seconds, and longer on a busy machine."""
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with open(f"/proc/{self.process.pid}/status") as status:
                    blocked = int(re.search(r"SigBlk:\s+([0-9a-f]+)", status.read()).group(1), 16)
            except OSError:
                return
            if blocked >> (signal.SIGTERM - 1) & 1:
                return
            time.sleep(0.01)

    def signal(self, number):
        if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self.wait_until_handling()
        try:
            self.process.send_signal(number)
            return True
        except (ProcessLookupError, OSError):
            return False


class Supervisor(threading.Thread):
    """Keeps one tailrace running until told to rest."""

    def __init__(self, command, environment, outlet, log):
        super().__init__(name="supervisor", daemon=True)
        self.command, self.environment, self.outlet, self.log = command, environment, outlet, log
        self.resting = threading.Event()
        self.lock = threading.Lock()
        self.current = self.last = None
        self.next_injection = None
        self.disk_is_full = False
        self.problems = []
        self.told = []  # when it has ended for a change of its tables
        self.expected = []  # ends that are no surprise in any run
        self.starts = 0
        self.memory = 0
        self.on_end = None  # called with each run when it has ended

    def launch(self, *more, injection=None):
        more = [*more, *self.accepted()]
        wrapper = ["strace", "-D", "-f", "-o", injection.output, *injection.arguments] if injection else []
        if injection:
            injection.begin()
        process = subprocess.Popen(
            [*wrapper, *self.command, *more], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if self.outlet.kind == "stdout" else subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True)
        self.starts += 1
        run = Run(process, injection)
        run.reader = self.outlet.attach(process)
        run.excuse(*self.expected)
        if injection:
            run.excuse(*injection.excuses)
        if self.disk_is_full:
            run.excuse(*DISK_FULL)
        return run

    def run(self):
        while not self.resting.is_set():
            with self.lock:
                if self.resting.is_set():
                    break
                injection, self.next_injection = self.next_injection, None
                self.current = self.launch(injection=injection)
            while self.current.process.poll() is None:
                self.watch_memory()
                time.sleep(0.02)
            run = self.current
            self.conclude(run)
            if self.on_end:
                self.on_end(run)
            if not run.is_excused(run.process.returncode):
                time.sleep(0.3)  # do not spin when something is really wrong
            self.resting.wait(random.uniform(0, 0.05))
        self.current = None

    def accepted(self):
        """What an operator adds who has read the last message."""
        run, self.last = self.last, None
        if not (run and self.expected and run.errors and "accept-gap" in run.errors[-1]):
            return []
        # Whoever says so has looked for what is missing until the stream goes on, which takes a moment.
        self.told.append(time.monotonic() + 1.5)
        return ["--accept-gap"]

    def watch_memory(self):
        try:
            with open(f"/proc/{self.current.process.pid}/status") as status:
                found = re.search(r"VmHWM:\s+(\d+) kB", status.read())
            if found and not self.current.injection:
                self.memory = max(self.memory, int(found.group(1)) // 1024)
        except OSError:
            pass

    def conclude(self, run, what="ended"):
        """Waits for a process's output and judges its exit code."""
        code = run.process.wait()
        if run.injection:
            powercut.wait_for_end(run.injection.output)
            run.end_tracer()
            run.errors += run.injection.conclude()
        run.listener.join(5)
        if run.reader:
            run.reader.join(30)
        try:
            self.log.write("".join(f"  {line}\n" for line in [*run.errors, f"{run.process.pid}: exit {code}"]))
            self.log.flush()
        except ValueError:
            return  # interrupted: the round is over
        self.last = run
        if code == 78:
            self.told.append(time.monotonic())
        if not run.is_excused(code):
            last = run.errors[-1] if run.errors else "no message"
            self.problems.append(f"{what} with {code}: {last}")

    def with_current(self, wait=1.0):
        """The running process; waits a moment for one."""
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            run = self.current
            if run and run.process.poll() is None:
                return run
            time.sleep(0.01)
        return None

    def kill(self):
        run = self.with_current()
        if run:
            run.excuse(KILLED)
            run.signal(signal.SIGKILL)

    def terminate(self):
        """Asks for an orderly end."""
        run = self.with_current()
        if run and not run.is_stopping:
            run.excuse(STOPPED)
            run.signal(signal.SIGTERM)

    def hang_up(self):
        run = self.with_current()
        if run:
            run.signal(signal.SIGHUP)

    def suspend(self, seconds):
        run = self.with_current()
        if run and run.signal(signal.SIGSTOP):
            time.sleep(seconds)
            run.signal(signal.SIGCONT)

    def expect_full_disk(self, is_full):
        with self.lock:
            self.disk_is_full = is_full
            if self.current:
                self.current.excuse(*DISK_FULL)

    def limit_files(self, size):
        """Lets no file of the running process grow beyond a size."""
        run = self.with_current()
        if run:
            run.excuse((74, "too large"), (73, "too large"))
            try:
                resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            except (OSError, ValueError):
                pass
        return run

    def unlimit_files(self, run):
        try:
            resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        except (OSError, ValueError):
            pass

    def restart_with(self, injection, gently):
        """Ends the running process, and lets the next one run under strace."""
        self.next_injection = injection
        if gently:
            self.terminate()
        else:
            self.kill()

    def rest(self, seconds):
        """Ends the running process in an orderly way, and starts no more; says whether it did."""
        with self.lock:
            self.resting.set()
            run = self.current
        if run is None:
            return True
        if not run.is_stopping:
            run.excuse(STOPPED)
            run.signal(signal.SIGTERM)
        self.join(seconds)
        if not self.is_alive():
            return True
        self.problems.append(f"does not end within {seconds} s of SIGTERM: {stacks(run.process.pid)}")
        self.stop()
        return False

    def once(self, *more, seconds):
        """A run that ends by itself."""
        run = self.launch(*more)
        run.excuse(STOPPED)
        try:
            run.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.problems.append(f"{' '.join(more)}: does not end within {seconds} s: {stacks(run.process.pid)}")
            run.excuse(KILLED)
            run.signal(signal.SIGKILL)
        self.conclude(run, " ".join(more) + " ended")

    def stop(self):
        """Ends it at once."""
        with self.lock:
            self.resting.set()
        run = self.current
        if run:
            run.excuse(KILLED)
            run.signal(signal.SIGKILL)
        if self.is_alive():
            self.join(10)


def stacks(pid):
    """What the threads of a process are waiting for."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/wchan") as file:
                found.append(file.read() or "-")
    except OSError:
        pass
    return " ".join(found)
