"""Rounds in which the table is polled: pollers and server are killed while writers commit, some of them late."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import checker
import ledger

WAYS = ["delete", "mark", "keep"]
# So many writers hold transactions open, each with so many keys, and in a long round so many rows.
HOLDERS, KEYS, HELD = 3, 10, 600
OUTBOX = """
CREATE TABLE outbox (id uuid PRIMARY KEY, aggregatetype text NOT NULL, aggregateid text NOT NULL, type text NOT NULL,
  payload jsonb, dispatched_at timestamptz, number bigint GENERATED ALWAYS AS IDENTITY);
"""


class Plan:
    """What the writers ask for, and what this round is like."""

    keeps_rows, rows_left, ways, kind, envelope = True, None, ["row"], "poll", "cloudevents"
    broker_mode = poison = None

    def __init__(self, seed, number, endurance=None):
        self.seed, self.number = f"{seed}/polling/{number}", number
        self.random = random.Random(self.seed)
        choose = self.random.choice
        self.database = f"polled_{number}"
        self.way = WAYS[number % len(WAYS)]
        # Rows that stay are one poller's.
        self.pollers = choose([1, 2, 3, 3]) if self.way != "keep" else 1
        self.listens = choose([True, False])
        self.keys = choose([1, 5, 20, 100])
        self.writers = self.random.randint(2, 4)
        self.pause = choose([0.001, 0.005, 0.02])
        self.seconds = self.random.uniform(1.5, 3)
        self.large, self.rows = choose([(0, 50), (2, 300), (3, 800)])
        self.paddings = choose([[0], [0, 100, 3000], [0, 0, 0, 70000]])
        faults = self.random.choices(["kill a poller", "kill postgres", "terminate sessions", "stop a poller"],
                                     [6, 2, 2, 2], k=self.random.randint(2, 6))
        self.faults = sorted((self.random.uniform(0.2, self.seconds), name) for name in faults)
        if endurance:
            events, kills, _ = endurance
            self.keys, self.writers, self.paddings, self.large = 200, 3, [0, 0, 100], 0
            self.pollers = 3 if self.way != "keep" else 1
            self.rows_left = (events - HOLDERS * HELD) // self.writers
            self.seconds = max(10, events / 3000)
            self.faults = sorted((self.random.uniform(0.5, self.seconds), "kill a poller") for _ in range(kills))


class Holder(ledger.Writer):
    """A writer whose transactions stay open while others commit. It has keys of its own, which nobody waits for."""

    def __init__(self, server, database, number, plan):
        super().__init__(server, database, f"late-{number}", plan.seed, plan)
        self.first = plan.keys + number * KEYS
        self.rows_left = None if plan.rows_left is None else HELD

    def transaction(self):
        return self.held(8, 0.8)

    def share(self):
        return self.held(60, 3)

    def held(self, most, longest):
        count = self.random.randint(1, most if self.rows_left is None else min(most, self.rows_left))
        if self.rows_left is not None:
            self.rows_left -= count
        rows = [self.place(key) for key in sorted(self.random.choices(range(self.first, self.first + KEYS), k=count))]
        pauses = [f"SELECT pg_sleep({self.random.uniform(0, longest / 2):.3f});\n" for _ in range(2)]
        half = count // 2
        return f"BEGIN;\n{''.join(rows[:half])}{pauses[0]}{''.join(rows[half:])}{pauses[1]}COMMIT;\n"


class Record:
    """What has arrived."""

    def __init__(self):
        self.deliveries, self.torn = [], []


class Delivery:
    """One line."""

    def __init__(self, raw):
        self.event = json.loads(raw)
        # What comes again was read at another position, and at another time: the table has none.
        self.raw = json.dumps({name: value for name, value in self.event.items() if name not in ("sequence", "time")})
        self.id, self.data = self.event["id"], self.event.get("data")


class Round:
    """One round."""

    def __init__(self, server, binary, plan, directory):
        self.server, self.binary, self.plan = server, binary, plan
        self.directory = os.path.join(directory, f"round-{plan.number}")
        self.problems, self.figures, self.processes = [], checker.Figures(), []

    def run(self):
        plan = self.plan
        os.makedirs(self.directory)
        self.server.query(f"CREATE DATABASE {plan.database};")
        self.server.query(ledger.SCHEMA.format(keys=plan.keys + HOLDERS * KEYS) + OUTBOX, plan.database)
        if plan.listens:
            subprocess.run([self.binary, "setup", "--polling", "--database", self.server.dsn(plan.database)]
                           + (["--mark-column", "dispatched_at"] if plan.way == "mark" else []),
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes = [self.start(number) for number in range(plan.pollers)]
        self.wait_until_ready()
        writers = [ledger.Writer(self.server, plan.database, str(number), plan.seed, plan)
                   for number in range(plan.writers)]
        writers += [Holder(self.server, plan.database, number, plan) for number in range(HOLDERS)]
        began = time.monotonic()
        for writer in writers:
            writer.start()
        for due, fault in plan.faults:
            time.sleep(max(0, began + due - time.monotonic()))
            self.strike(fault)
        time.sleep(max(0, began + plan.seconds - time.monotonic()))
        for writer in writers:
            if plan.rows_left is None:
                writer.stopping.set()
        for writer in writers:
            writer.join()
        self.rest()
        for number in range(plan.pollers):
            self.end(number)
        self.check()
        if not self.problems:
            shutil.rmtree(self.directory)
        self.server.query(f"DROP DATABASE {plan.database} WITH (FORCE);")
        return self.figures

    def path(self, number, name):
        return os.path.join(self.directory, f"{name}-{number}")

    def start(self, number, *options):
        log = open(self.path(number, "log"), "a", encoding="utf-8")
        return subprocess.Popen(
            [self.binary, "poll", "--database", self.server.dsn(self.plan.database), "--after-delivery", self.plan.way,
             "--sink", f"file:{self.path(number, 'events')}", "--poll-interval", "50ms", "--fsync", "never",
             "--checkpoint", self.path(number, "checkpoint"), *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            logs = [pathlib.Path(self.path(number, "log")).read_text(encoding="utf-8") for number in range(self.plan.pollers)]
            if all("ready: " in log for log in logs):
                return
            time.sleep(0.05)
        self.other("the pollers do not become ready")

    def strike(self, fault):
        number = self.plan.random.randrange(self.plan.pollers)
        if fault == "kill a poller":
            self.processes[number].kill()
            self.processes[number].wait()
            self.processes[number] = self.start(number)
        elif fault == "stop a poller":
            self.end(number)
            self.processes[number] = self.start(number)
        elif fault == "kill postgres":
            self.server.kill()
            self.server.start()
        else:
            self.server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                              f"'{self.plan.database}' AND pid <> pg_backend_pid();", tries=20)

    def end(self, number):
        process = self.processes[number]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        # It may not have come to listening for signals.
        if code not in (0, -signal.SIGTERM):
            self.other(f"poller {number} ended with {code}")

    def other(self, words):
        self.figures.other += 1
        self.problems.append(words)

    def rest(self):
        """Waits until nothing is left. What stays has no end of its own: a poller says when it finds no more."""
        if self.plan.way == "keep":
            self.end(0)
            self.processes[0] = self.start(0, "--until", "now")
            try:
                self.processes[0].wait(60)
            except subprocess.TimeoutExpired:
                self.other("the last poller does not end")
            return
        deadline = time.monotonic() + 60
        while True:
            left = self.server.query("SELECT count(*) FROM outbox WHERE dispatched_at IS NULL;", self.plan.database,
                                     tries=20)[0]
            if left == "0":
                return
            if time.monotonic() > deadline:
                return self.other(f"{left} rows are left")
            time.sleep(0.05)

    def check(self):
        entries, union = ledger.read(self.server, self.plan.database), set()
        other = self.figures.other
        self.figures.other = 0
        for number in range(self.plan.pollers):
            record = Record()
            if not os.path.exists(self.path(number, "events")):
                continue
            with open(self.path(number, "events"), "rb") as lines:
                for raw in lines:
                    if raw.endswith(b"\n"):
                        record.deliveries.append(Delivery(raw.decode()))
                    else:
                        record.torn.append(raw)
            union |= {delivery.id for delivery in record.deliveries}
            # Each file has a share: what is missing is told of all of them together.
            share = {delivery.id: entries[delivery.id] for delivery in record.deliveries if delivery.id in entries}
            figures = checker.check(self.plan, share, record, self.problems, may_double=True)
            figures.events = 0
            self.figures.add(figures)
        for id_, entry in entries.items():
            if id_ not in union:
                self.figures.lost += 1
                self.problems.append(f"lost: {entry.key} {entry.n}, id {id_}")
        self.figures.events, self.figures.other = len(entries), other

    def line(self):
        plan = self.plan
        faults = ", ".join(name for _, name in plan.faults)
        return (f"round {plan.number} {plan.way}, {plan.pollers} pollers{', notified' if plan.listens else ''}: "
                f"{self.figures} ({faults})")
