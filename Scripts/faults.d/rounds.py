"""One round: writers, faults, the end, the comparison."""

import json
import os
import shutil
import subprocess
import threading
import time

import checker
import cleaning
import initial
import interruption
import ledger
from outlets import KINDS, LETTERS
from plan import SLOW, Plan
from server import clean_environment
from supervision import Supervisor
from tables import TOLD, Tables
from troubles import Troubles

PATIENCE = 90  # seconds until everything must have arrived once the faults have stopped


class Round:
    """A database, a slot and an outlet of its own."""

    def __init__(self, server, binary, plan: Plan, directory):
        self.server, self.binary, self.plan = server, binary, plan
        self.directory = os.path.join(directory, f"round-{plan.number}")
        self.short_calls = os.path.join(directory, "short_calls.so")
        os.mkdir(self.directory)
        self.log = open(os.path.join(self.directory, "tailrace.log"), "w")
        self.problems = []
        self.writers, self.supervisors, self.outlet, self.record = [], [], None, None
        self.figures = checker.Figures()
        self.began = time.monotonic()

    def run(self):
        try:
            self.prepare()
            self.strike()
            self.recover()
            self.compare()
            self.tamper()
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            with interruption.deferred():
                self.clean_up()
        if self.problems and self.figures.is_good:
            self.figures.other = len(self.problems)
        return self.figures

    def prepare(self):
        plan = self.plan
        settings = "".join(f"ALTER DATABASE {plan.database} SET {name} = '{value}';\n" for name, value in plan.settings)
        self.server.query(f"CREATE DATABASE {plan.database};\n{settings}")
        self.patience = (PATIENCE + (plan.rows_left or 0) // 200) * (4 if plan.kind in SLOW else 1)
        environment = self.environment = clean_environment(TAILRACE_DATABASE=self.server.dsn(plan.database))
        if plan.has_short_calls and os.path.exists(self.short_calls):
            environment["LD_PRELOAD"] = self.short_calls
        self.outlet = KINDS[plan.kind](plan, self.directory)
        environment.update(getattr(self.outlet, "environment", {}))
        self.outlet.ask = lambda statement: self.server.query(statement, plan.database, tries=20)
        names = ["--publication", "events", "--slot", plan.slot]
        command = [self.binary, "stream", *names, *self.outlet.arguments, *plan.arguments]
        if plan.has_checkpoint:
            home = getattr(self.outlet, "directory", self.directory)
            command += ["--checkpoint", os.path.join(home, "checkpoint")]
        if plan.is_configured:
            command = [self.binary, "run", "--config", self.configure(command[2:])]
        self.log.write(" ".join(command) + "\n" + plan.describe() + "\n")
        for _ in range(2 if plan.has_standby else 1):
            self.supervisors.append(Supervisor(command, environment, self.outlet, self.log))
        self.tables = Tables(plan, self.server, self.log)
        self.tables.make()
        self.cleaning = cleaning.Cleaning(plan, self.server, self.outlet) if plan.after_delivery else None
        if self.cleaning:
            self.cleaning.make()
            for supervisor in self.supervisors if len(self.supervisors) == 1 else []:
                supervisor.on_end = self.cleaning.look
        if plan.tables:
            for supervisor in self.supervisors:
                supervisor.expected.append(TOLD)
        for number in range(plan.writers):
            self.writers.append(ledger.Writer(self.server, plan.database, number, plan.seed, plan))
        if plan.initial_rows is None:
            self.set_up(names, environment)
        else:
            # Transactions go on while the slot is made.
            self.server.query(initial.OUTBOX, plan.database)
            self.begin_ledger()
            self.server.query(initial.rows(plan), plan.database)
            for writer in self.writers:
                writer.start()
            self.set_up([*names, "--snapshot"], environment)
        if self.cleaning:
            self.cleaning.begin()
        if plan.initial_rows is None:
            self.begin_ledger()
        for thread in self.supervisors + self.writers:
            if not thread.ident:
                thread.start()

    def begin_ledger(self):
        self.server.query(ledger.SCHEMA.format(keys=self.plan.keys), self.plan.database)

    def configure(self, words):
        """Writes flags as the configuration of one relay; gives its path."""
        relay = {}
        for place, word in enumerate(words):
            if not word.startswith("--"):
                continue
            following = words[place + 1] if place + 1 < len(words) else "--"
            value = True if following.startswith("--") else following
            relay[word[2:]] = [value] if word in ("--table", "--message-prefix") else value
        path = os.path.join(self.directory, "tailrace.yaml")
        with open(path, "w") as file:
            json.dump({"relays": {"shop": relay}}, file, indent=2)
        return path

    def set_up(self, names, environment):
        if self.plan.poison and self.plan.letters == "table":
            names = [*names, "--dead-letter-table", LETTERS]
        done = subprocess.run([self.binary, "setup", *names, "--create-table"], env=environment, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise RuntimeError(f"setup ended with {done.returncode}: {done.stdout.strip()}")

    def strike(self):
        troubles = Troubles(self.plan, self.server, self.outlet, self.supervisors, self.log)
        began = time.monotonic()
        changing = threading.Thread(target=self.change_tables, name="tables", daemon=True)
        if self.plan.tables:
            changing.start()
        for due, name in [*self.plan.faults, (self.plan.seconds, None)]:
            time.sleep(max(0, began + due - time.monotonic()))
            if name:
                with interruption.deferred():
                    troubles.strike(name)
        if self.plan.tables:
            changing.join(60)

    def change_tables(self):
        """Once the stream has begun, so that there is a record of the tables; at the end, time to tell of the last change."""
        try:
            deadline = time.monotonic() + 10
            while not self.outlet.arrived() and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1.2)
            for name in self.plan.changes:
                self.tables.change(name)
                time.sleep(self.plan.random.choice([0.1, 1, 4]))
            time.sleep(4)
        except (RuntimeError, OSError, IndexError, subprocess.SubprocessError) as error:
            self.problems.append(f"changing tables: {type(error).__name__}: {error}")

    def recover(self):
        """No more faults: everything must arrive, and tailrace must end as it is told."""
        for writer in self.writers if self.plan.rows_left else []:
            writer.join(self.patience)
        for writer in self.writers:
            writer.stopping.set()
        self.server.start()
        self.outlet.heal()
        for writer in self.writers:
            writer.join(30)
        entries = self.entries = ledger.read(self.server, self.plan.database)
        for id_ in self.tables.missing:
            entries.pop(id_, None)
        if self.plan.ends_with_now:
            if self.rest():
                self.supervisors[0].once("--until", "now", seconds=self.patience)
            return
        deadline = time.monotonic() + self.patience
        while self.outlet.arrived() < len(entries) and time.monotonic() < deadline:
            time.sleep(0.05)
        has_arrived = self.outlet.arrived() >= len(entries)
        if not has_arrived:
            self.problems.append(f"{self.outlet.arrived()} of {len(entries)} have arrived after {self.patience} s")
        if self.rest() and has_arrived and self.plan.looks_again and not self.is_untold():
            self.look_again()

    def rest(self):
        results = [supervisor.rest(self.patience) for supervisor in reversed(self.supervisors)]
        return all(results)

    def is_untold(self):
        """Whether the end came when there was no server to be told how far everything was, or before anything was read."""
        last = self.supervisors[0].last
        words = ("the server could not be told", "the last confirmation may not have arrived")
        said = "\n".join(last.errors if last else [])
        return "delivered " not in said or any(word in said for word in words)

    def look_again(self):
        """After an orderly end nothing may come again."""
        before = len(self.outlet.finish().deliveries)
        self.supervisors[0].once("--until", "now", seconds=PATIENCE)
        after = len(self.outlet.finish().deliveries)
        if after != before:
            self.problems.append(f"{after - before} events came again after an orderly end")

    def redrive(self):
        """Dead letters: none but of what was refused or parked. Then the receiver takes everything."""
        kept = self.outlet.all_letters()
        letters = set(kept)
        if len(kept) > len(letters):
            self.problems.append(f"{len(kept) - len(letters)} letters are there twice")
        wrong = [id_ for id_ in letters if id_ not in self.entries]
        if self.plan.poison == "letters":
            wrong += [id_ for id_ in letters if not self.plan.refuses(id_)]
        self.problems += [f"no such letter expected: {id_}" for id_ in wrong]
        # At first the receiver goes on refusing some: these stay, and with them the others of their keys.
        still = {id_ for id_ in letters if self.plan.refuses(id_) and id_[1] in "01234567"}
        self.redrive_all(still, {self.entries[id_].key for id_ in still if id_ in self.entries})
        self.redrive_all(set(), set())

    def redrive_all(self, refused, keys):
        """Lets the receiver refuse some; letters of other keys may not be left."""
        self.outlet.receiver.refuses = refused.__contains__
        command = [self.binary, "dead-letters", "redrive", "--all", *self.outlet.letters_arguments, *self.outlet.target,
                   *self.plan.clean_arguments]
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, start_new_session=True)
        self.log.write(done.stdout)
        left = self.outlet.letters()
        wrong = [id_ for id_ in left if id_ not in self.entries or self.entries[id_].key not in keys]
        if done.returncode != (65 if refused else 0) or wrong or not refused <= left:
            text = f"{len(left)} letters left, {len(wrong)} of them of no refused key, {len(refused)} refused"
            self.problems.append(f"redrive ended with {done.returncode}, {text}: {done.stdout.strip()}")

    def compare(self):
        if self.cleaning and not self.problems:
            if self.is_untold():
                self.supervisors[0].once("--until", "now", seconds=PATIENCE)
            self.cleaning.look()
            self.cleaning.conclude(self.entries)
        if self.plan.poison:
            self.redrive()
        if self.cleaning and not self.problems:
            self.cleaning.finish()
        if self.cleaning:
            self.problems += self.cleaning.problems
        self.record = self.outlet.finish()
        self.figures = checker.check(
            self.plan, self.entries, self.record, self.problems, getattr(self.outlet, "may_double", False))
        for supervisor in self.supervisors:
            self.problems += supervisor.problems
        self.problems += [f"silent gap: {gap}" for gap in self.tables.silent(self.supervisors)]
        self.problems += getattr(getattr(self.outlet, "receiver", None), "wrong", [])

    def tamper(self):
        """A slot that somebody has moved, or a server put back to an older state, is told by whoever keeps a record."""
        if self.problems or self.plan.tables or self.plan.kind == "file" and self.plan.small_disk:
            return
        if self.plan.kind != "file" and not self.plan.has_checkpoint:
            return
        if self.plan.tampering == "rewind":
            with self.server.rewound():
                self.query("INSERT INTO noise VALUES ('x');\nSELECT pg_switch_wal();\nINSERT INTO noise VALUES ('y');")
                self.supervisors[0].once("--until", "now", seconds=PATIENCE)
            self.expect([((), 78)])
            return
        self.supervisors[0].once("--until", "now", seconds=PATIENCE)
        self.query("SELECT pg_logical_emit_message(true, 'nobody', 'x');")
        if self.plan.tampering == "advance":
            self.query(f"SELECT pg_replication_slot_advance('{self.plan.slot}', pg_current_wal_flush_lsn());")
        else:
            self.query(f"SELECT pg_drop_replication_slot('{self.plan.slot}');")
            self.query(f"SELECT pg_create_logical_replication_slot('{self.plan.slot}', 'pgoutput');")
        self.expect([((), 78), (("--accept-gap",), 0), ((), 0)])

    def query(self, statement):
        return self.server.query(statement, self.plan.database)

    def expect(self, ends):
        """Runs to the present with further arguments, and how each must end."""
        for more, code in ends:
            done = subprocess.run(
                [*self.supervisors[0].command, "--until", "now", *more], env=self.supervisors[0].environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE)
            if done.returncode != code:
                said = done.stderr.decode(errors="replace").strip()[-300:]
                text = f"{self.plan.tampering}, {' '.join(more)}: ended with {done.returncode}, not {code}: {said}"
                self.problems.append(text)

    def clean_up(self):
        for writer in self.writers:
            writer.stopping.set()
        for supervisor in self.supervisors:
            supervisor.stop()
        if self.outlet:
            self.outlet.heal()
        for writer in self.writers:
            if writer.ident:
                writer.join(20)
        if self.problems:
            self.keep()
        if self.outlet:
            self.outlet.close()
        self.log.close()
        try:
            slot = f"FROM pg_replication_slots WHERE slot_name = '{self.plan.slot}'"
            self.server.start()
            self.server.query(
                f"SELECT pg_terminate_backend(active_pid) {slot} AND active_pid IS NOT NULL;\n"
                f"SELECT pg_sleep(0.1);\nSELECT pg_drop_replication_slot(slot_name) {slot};\n"
                f"DROP DATABASE IF EXISTS {self.plan.database} WITH (FORCE);", tries=5)
        except (RuntimeError, OSError) as error:
            self.problems.append(f"cleaning up: {error}")
        if not self.problems:
            shutil.rmtree(self.directory, ignore_errors=True)

    def keep(self):
        """What is needed to understand a failure."""
        def write(name, lines):
            with open(os.path.join(self.directory, name), "w", errors="replace") as file:
                file.writelines(f"{line}\n" for line in lines)

        write("problems.txt", self.problems)
        if self.record:
            write("deliveries.txt", (delivery.raw.decode(errors="replace") for delivery in self.record.deliveries))
            write("ledger.txt", (f"{entry.key} {entry.n} {id_}" for id_, entry in self.entries.items()))
        if getattr(self.outlet, "is_mounted", False):
            self.outlet.make_room()
            shutil.copytree(self.outlet.directory, os.path.join(self.directory, "files"))
        try:
            shutil.copy(os.path.join(self.server.directory, "server.log"), self.directory)
        except OSError:
            pass

    def line(self):
        starts = sum(supervisor.starts for supervisor in self.supervisors)
        memory = max([supervisor.memory for supervisor in self.supervisors], default=0)
        seconds = time.monotonic() - self.began
        names = [name for _, name in self.plan.faults]
        if self.plan.rows_left:
            names = [f"{names.count(name)} × {name}" for name in dict.fromkeys(names)]
        faults = ", ".join(names + (self.plan.changes if self.plan.tables else []))
        kind = " ".join(["run" if self.plan.is_configured else self.plan.kind, *self.plan.http_arguments[1:2],
                         self.plan.broker_mode or self.plan.poison or ""])
        return (f"round {self.plan.number:3} {kind:24} {self.figures.events:5} events "
                f"{self.figures.duplicates:4} duplicates {starts:2} starts {memory:3} MB {seconds:4.1f} s: {faults}")
