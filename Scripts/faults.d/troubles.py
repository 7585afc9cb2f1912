"""The faults themselves."""

import os
import shutil
import signal
import subprocess
import time

import powercut
from outlets import LETTERS
from receiver import LOST_ANSWERS, MISDIRECTED, ODD_ANSWERS, REFUSALS
from supervision import KILLED, STOPPED


def can_trace():
    """Whether strace is here and allowed to kill at a system call."""
    if not shutil.which("strace"):
        return False
    command = ["strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=write", "-e", "inject=write:signal=KILL:when=1",
               "echo"]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30)
    return done.returncode == -signal.SIGKILL


class Injection:
    """What strace does to a process's system calls, and the ends that come of it."""

    def __init__(self, calls, what, excuses, path=None):
        self.arguments = ["-e", f"trace={calls}", "-e", f"inject={calls}:{what}"] + (["-P", path] if path else [])
        self.excuses = excuses
        self.output = "/dev/null"

    def begin(self):
        """Nothing has to be known before."""

    def conclude(self):
        """Nothing is made of it."""
        return []


class Troubles:
    """Makes faults happen to one round."""

    def __init__(self, plan, server, outlet, supervisors, log):
        self.plan, self.server, self.outlet, self.supervisors, self.log = plan, server, outlet, supervisors, log
        self.random = plan.random
        self.traces = can_trace()

    def strike(self, name):
        self.log.write(f"{time.monotonic():.3f} {name}\n")
        self.log.flush()
        method = getattr(self, name.replace(" ", "_"))
        method(self.random.choice(self.supervisors))

    def kill(self, tailrace):
        if self.plan.rows_left:
            # One that has not begun to stream leaves nothing to do for the next one.
            deadline = time.monotonic() + 60
            while not ((run := tailrace.with_current()) and run.has_begun) and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(self.random.uniform(0, 0.5))
        tailrace.kill()

    def kill_at_a_call(self, tailrace):
        calls = ["sendto", "recvfrom", "write"]
        if self.plan.kind == "file":
            calls += ["fsync", "?rename,?renameat,?renameat2", "?ftruncate", "openat", "write", "fsync"]
        if self.plan.kind in ("http", "kafka", "rabbitmq", "redis", "nats"):
            calls += ["?writev", "?sendmsg", "read", "?epoll_wait,?epoll_pwait"]
        number = self.random.choice([1, 2, 3, 5, 10, 20, 50, 100]) + self.random.randint(0, 3)
        self._trace(tailrace, Injection(self.random.choice(calls), f"signal=KILL:when={number}", [KILLED]))

    def interrupted_calls(self, tailrace):
        calls, path = self.random.choice(["recvfrom", "sendto", "fsync"]), None
        if self.plan.kind == "file" and self.random.random() < 0.5:
            calls, path = "write", self.outlet.path
        self._trace(tailrace, Injection(calls, f"error=EINTR:when={self.random.randint(1, 4)}+3", [], path))

    def failing_call(self, tailrace):
        number = self.random.randint(1, 30)
        calls, error, text, path = self.random.choice([
            ("fsync", "EIO", "Input/output error", None),
            ("fsync", "ENOSPC", "No space left", None),
            ("write", "ENOSPC", "No space left", self.outlet.path),
            ("write", "EIO", "Input/output error", self.outlet.path),
            ("?rename,?renameat,?renameat2", "EIO", "Input/output error", None)])
        self._trace(
            tailrace, Injection(calls, f"error={error}:when={number}", [(74, text), (73, text)], path))

    def _trace(self, tailrace, injection):
        if self.traces:
            tailrace.restart_with(injection, gently=self.random.random() < 0.4)
        else:
            tailrace.kill()

    def power_cut(self, tailrace):
        """The first of two runs is killed, so that the second finds what nobody has synced; then the power fails."""
        if not self.traces or "never" in self.plan.arguments or self.outlet.is_mounted:
            return tailrace.kill()
        log = os.path.join(os.path.dirname(self.outlet.directory), "strace.log")
        files = powercut.Files(self.outlet.directory)
        for cuts in (False, True):
            tailrace.restart_with(powercut.Recording(files, f"{log}.{cuts}", cuts), gently=False)
            time.sleep(self.random.uniform(0.4, 1.4))
        tailrace.kill()
        # What comes next must not begin before the files are as the power cut left them.
        tailrace.with_current(wait=10)

    def lose_the_slot(self, tailrace):
        """Its owner is paused, another takes over, the first one wakes."""
        run = tailrace.with_current()
        if run and run.has_begun and run.signal(signal.SIGSTOP):
            self.terminate_walsender(tailrace)
            time.sleep(self.random.choice([0.3, 1.5]))
            run.signal(signal.SIGCONT)

    def terminate(self, tailrace):
        tailrace.terminate()

    def terminate_twice(self, tailrace):
        first, second = self.random.choice([(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)])
        run = tailrace.with_current()
        if run and run.has_begun and not run.is_stopping:
            run.excuse(STOPPED, (128 + second, ""))
            run.signal(first)
            time.sleep(self.random.choice([0, 0.002, 0.05]))
            run.signal(second)

    def suspend(self, tailrace):
        tailrace.suspend(self.random.choice([0.05, 0.3, 1.3]))

    def hang_up(self, tailrace):
        tailrace.hang_up()

    def kill_postgres(self, tailrace):
        self.server.kill()
        time.sleep(self.random.choice([0, 0, 0.5]))
        self.server.start()

    def restart_postgres(self, tailrace):
        self.server.restart(self.random.choice(["fast", "fast", "immediate"]))

    def terminate_walsender(self, tailrace):
        self.server.query("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                          f"WHERE slot_name = '{self.plan.slot}' AND active_pid IS NOT NULL;", tries=20)

    def stalled_reader(self, tailrace):
        self.outlet.stalled_until = time.monotonic() + self.random.choice([0.2, 0.5, 1.5])

    def rotate(self, tailrace):
        for _ in range(self.random.randint(1, 4)):
            tailrace.hang_up()
            time.sleep(self.random.uniform(0, 0.1))

    def move_away(self, tailrace):
        """As a rotating program does it: rename, SIGHUP, and nothing else before the new file is there."""
        run = tailrace.with_current()
        if not run or run.injection or not run.has_begun or not os.path.exists(self.outlet.path):
            return
        self.outlet.move_away()
        run.signal(signal.SIGHUP)
        deadline = time.monotonic() + 5
        while not os.path.exists(self.outlet.path) and time.monotonic() < deadline:
            time.sleep(0.02)
        # One that ends before it has noticed, as from an earlier fault, does not know what the old file held.
        if run.process.poll() is not None or not os.path.exists(self.outlet.path):
            self.outlet.may_double = True

    def full_disk(self, tailrace):
        if not self.outlet.is_mounted:
            return self.size_limit(tailrace)
        for supervisor in self.supervisors:
            supervisor.expect_full_disk(True)
        try:
            self.outlet.fill()
            time.sleep(self.random.choice([0.1, 0.3, 0.6]))
        finally:
            self.outlet.make_room()
            for supervisor in self.supervisors:
                supervisor.expect_full_disk(False)

    def size_limit(self, tailrace):
        try:
            size = os.path.getsize(self.outlet.path)
        except OSError:
            size = 0
        run = tailrace.limit_files(size + self.random.randint(0, 20000))
        if run:
            deadline = time.monotonic() + 0.6
            while run.process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            tailrace.unlimit_files(run)

    def troubled_receiver(self, tailrace):
        kinds = self.random.sample(REFUSALS + LOST_ANSWERS, self.random.randint(2, 6))
        self.outlet.receiver.trouble(kinds, self.random.choice([0.05, 0.3, 0.8]), self.random.uniform(0.2, 1.0))

    def failing_receiver(self, tailrace):
        self.outlet.receiver.trouble([self.random.choice(REFUSALS)], 1.0, self.random.uniform(0.2, 0.8))

    def lost_answers(self, tailrace):
        self.outlet.receiver.trouble([self.random.choice(LOST_ANSWERS)], 0.3, self.random.uniform(0.2, 1.0))

    def receiver_gone(self, tailrace):
        self.outlet.receiver.vanish()
        time.sleep(self.random.choice([0, 0.1, 0.5]))
        self.outlet.receiver.come_back()

    def stalled_receiver(self, tailrace):
        self.outlet.receiver.stall(self.random.choice([0.2, 0.6, 1.5]))

    def misdirected_receiver(self, tailrace):
        share = self.random.choice([0.3, 1.0, 1.0])
        self.outlet.receiver.trouble([self.random.choice(MISDIRECTED)], share, self.random.uniform(0.3, 1.5))

    def expired_token(self, tailrace):
        """The receiver takes another token for a while before the file has it."""
        if not self.outlet.token_path:
            return self.misdirected_receiver(tailrace)
        self.outlet.receiver.token = f"token-{self.random.randrange(1_000_000)}"
        time.sleep(self.random.choice([0.1, 0.5, 1.0]))
        self.outlet.write_token()

    def odd_answers(self, tailrace):
        kinds = self.random.sample(ODD_ANSWERS, self.random.randint(1, 3))
        self.outlet.receiver.trouble(kinds, self.random.choice([0.1, 0.5, 1.0]), self.random.uniform(0.2, 1.0))

    def fallen_broker(self, tailrace):
        self.outlet.fall()

    def lock_the_letters(self, tailrace):
        """Somebody has the table for a while."""
        psql = self.server.psql(self.plan.database)
        seconds = self.random.choice([0.3, 1.0, 2.5])
        psql.stdin.write(f"BEGIN;\nLOCK TABLE {LETTERS} IN ACCESS EXCLUSIVE MODE;\nSELECT pg_sleep({seconds});\nCOMMIT;\n")
        psql.stdin.close()

    def lock_the_outbox(self, tailrace):
        """Somebody reads rows in a way that nobody may change them meanwhile."""
        psql = self.server.psql(self.plan.database)
        seconds = self.random.choice([0.3, 1.0, 2.5])
        psql.stdin.write("BEGIN;\nSELECT count(*) FROM (SELECT FROM outbox FOR SHARE) AS x;\n"
                         f"SELECT pg_sleep({seconds});\nCOMMIT;\n")
        psql.stdin.close()

    def redrive_beside(self, tailrace):
        """Some letters are redriven while the stream goes on; those that are refused again stay."""
        self._redrive(kills=False)

    def kill_a_redrive(self, tailrace):
        self._redrive(kills=True)

    def _redrive(self, kills):
        command = [tailrace_binary(self.supervisors), "dead-letters", "redrive", "--all", *self.outlet.letters_arguments,
                   *self.plan.clean_arguments,
                   *self.outlet.target]
        process = subprocess.Popen(
            command, env=self.supervisors[0].environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            process.wait(self.random.choice([0.05, 0.2]) if kills else 1.5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def tailrace_binary(supervisors):
    return supervisors[0].command[0]
