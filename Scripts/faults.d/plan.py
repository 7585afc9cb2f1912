"""What a round does: all of it follows from the seed and the round's number."""

import random

import cleaning
import initial
import tables

FAULTS = {
    # name: (weight, sinks)
    "kill": (5, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "kill at a call": (6, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "power cut": (5, "file"),
    "lose the slot": (2, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "interrupted calls": (2, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "terminate": (3, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "terminate twice": (1, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "suspend": (2, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "hang up": (1, "stdout http kafka rabbitmq redis nats sqs sns"),
    "kill postgres": (3, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "restart postgres": (2, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "terminate walsender": (4, "stdout file http kafka rabbitmq redis nats sqs sns"),
    "stalled reader": (5, "stdout"),
    "rotate": (4, "file"),
    "move away": (2, "file"),
    "full disk": (4, "file"),
    "size limit": (2, "file"),
    "failing call": (3, "file"),
    "troubled receiver": (9, "http"),
    "failing receiver": (2, "http"),
    "lost answers": (4, "http"),
    "receiver gone": (3, "http"),
    "stalled receiver": (2, "http"),
    "misdirected receiver": (4, "http"),
    "expired token": (4, "http"),
    "odd answers": (4, "http"),
    "fallen broker": (3, "rabbitmq redis nats"),
}
# Outlets that have one line for each event, and all of them in order.
LINES = ("stdout", "file")
# Outlets that have not taken all when tables change, which a stream does not wait for without end.
SLOW = ("sqs", "sns")


class Plan:
    """The choices of one round."""

    def __init__(self, seed, number, kinds, poison=None, changes_tables=False, endurance=None,
                 after_delivery=None, initial_rows=False):
        self.seed = f"{seed}/{number}"
        self.number = number
        self.random = random.Random(self.seed)
        choose, chance = self.random.choice, lambda share: self.random.random() < share
        self.kind = kinds[number % len(kinds)]
        # A file, which a configuration names.
        self.is_configured = self.kind == "run"
        if self.is_configured:
            self.kind = "file"
        self.database = f"shop_{number}"
        self.slot = f"relay_{number}"

        self.keys = choose([1, 5, 20, 20, 20])
        self.writers = self.random.randint(2, 4)
        self.pause = choose([0.001, 0.005, 0.02])
        self.seconds = self.random.uniform(0.8, 1.8)
        self.large, self.rows = choose([(0, 50), (2, 300), (3, 800)])
        self.paddings = choose([[0], [0, 100, 3000], [0, 10, 100], [0, 0, 0, 70000]])
        self.envelope = "payload" if self.kind in LINES and chance(0.12) else "cloudevents"
        self.ways = ["row"]
        self.arguments = ["--read-pacing", choose(["auto", "auto", "off", "200us"])]
        if self.envelope == "payload":
            self.arguments += ["--envelope", "payload"]
        elif chance(0.3):
            self.ways = ["row", "row", "empty"]
        if chance(0.25):
            self.ways = self.ways + ["message"]
            self.arguments += ["--table", "public.outbox", "--message-prefix", "outbox"]
        self.has_checkpoint = chance(0.3)
        self.has_short_calls = chance(0.2)
        # What somebody does to the slot or the server at the end, which a record of our own must tell.
        self.tampering = choose(["advance", "advance", "make anew", "rewind"])
        self.settings = []
        if chance(0.5):
            self.settings.append(("wal_sender_timeout", choose(["1s", "2s"])))
        if chance(0.5):
            self.settings.append(("logical_decoding_work_mem", "64kB"))
        self.arguments += [
            "--streaming", choose(["auto", "auto", "off"]), "--spool-memory", choose(["1", "20kB", "1MiB"])]

        self.pipe_size = choose([None, 4096])
        self.small_disk = False
        self.http_arguments = []
        self.has_token = False
        self.has_standby = False
        self.broker_mode = choose(["binary", "structured"]) if self.kind in ("kafka", "rabbitmq", "redis", "nats") else None
        if self.kind in SLOW:
            self.broker_mode, self.pause = "structured", 0.02
        if self.kind == "file":
            self.arguments += ["--fsync", choose(["always", "always", "never"])]
            if chance(0.5):
                self.arguments += ["--rotate-size", choose(["4KB", "20KB", "200KB"])]
            if chance(0.2):
                self.arguments += ["--rotate-interval", "1s"]
        if self.kind == "http":
            self.http_arguments = [
                "--http-mode", choose(["structured", "binary", "batch"]), "--response-timeout", "1s",
                "--connect-timeout", "1s", "--total-timeout", "3s"]
            if "batch" in self.http_arguments:
                self.http_arguments += ["--batch-size", choose(["2", "10", "100"])]
            if chance(0.3):
                self.http_arguments += ["--max-in-flight", choose(["1", "2", "8"])]
            if chance(0.2):
                self.http_arguments += ["--idempotency-key"]
            self.has_token = chance(0.5)
            self.has_standby = chance(0.2)
            if self.has_standby:
                self.arguments += ["--wait-for-slot"]

        self.faults = self._faults()
        self.small_disk = any(name == "full disk" for _, name in self.faults)
        self.ends_with_now = chance(0.5)
        self.looks_again = chance(0.6)
        # What becomes of events that the receiver never takes.
        self.poison = None
        if self.kind == "http":
            self.poison = poison or choose([None, None, None, "letters", "park"])
        # Where their letters are kept, and what happens to that place.
        self.letters = choose(["file", "table", "table"])
        # Rounds in which the tables change under the writers instead.
        self.tables = None
        if changes_tables or not poison and chance(0.15) and self.kind not in SLOW:
            self._change_tables()
        # Rounds in which rows are cleaned up after delivery.
        self.after_delivery, self.clean_arguments = None, []
        if after_delivery:
            self._clean_up(after_delivery)
        # Rounds in which rows are there before the slot, and how many.
        self.initial_rows = None
        if initial_rows:
            self._begin_with_rows()
        # Rounds of a given length instead, with nothing but kills.
        self.rows_left = None
        if endurance:
            self._endure(*endurance)
        if self.poison:
            names = ["redrive beside", "kill a redrive"] + (["lock the letters"] if self.letters == "table" else [])
            more = [(self.random.uniform(0, self.seconds), choose(names)) for _ in range(2)]
            self.faults = sorted(self.faults + more)
            self.large, self.paddings, self.pause = 0, [0, 0, 100], 0.02

    def _endure(self, events, kills, falls):
        self.tables, self.poison, self.large, self.has_standby, self.has_short_calls = None, None, 0, False, False
        self.ways, self.envelope, self.paddings, self.keys, self.writers = ["row"], "cloudevents", [0, 0, 100], 200, 2
        self.arguments, self.settings, self.has_checkpoint, self.small_disk = [], [], False, False
        self.rows_left = events // self.writers
        falls = falls if self.kind in ("rabbitmq", "redis", "nats") else 0
        self.seconds = max(10, 1.2 * kills, 12 * falls)
        times = [(self.random.uniform(0.5, self.seconds), "kill") for _ in range(kills)]
        # Each when the broker is back from the last one.
        step = self.seconds / max(falls, 1)
        times += [(step * (fall + self.random.uniform(0, 0.3)), "fallen broker") for fall in range(falls)]
        self.faults = sorted(times)
        self.ends_with_now, self.looks_again = False, True

    def _clean_up(self, way):
        """Each row is told by its event's id, and a message has none."""
        self.after_delivery = self.random.choice(cleaning.WAYS) if way == "all" else way
        self.publishes_all = self.random.random() < 0.3
        dropped = ("--envelope", "payload", "--table", "public.outbox", "--message-prefix", "outbox")
        self.arguments = [word for word in self.arguments if word not in dropped]
        self.clean_arguments = ["--after-delivery", self.after_delivery]
        self.arguments += self.clean_arguments
        self.envelope, self.tables = "cloudevents", None
        self.ways = [name for name in self.ways if name != "message"]
        times = [(self.random.uniform(0, self.seconds), name) for name in ("kill", "kill", "kill postgres")]
        rest = [(due, name) for due, name in self.faults if not name.endswith("postgres")]
        self.faults = sorted(rest[:2] + times + [(self.random.uniform(0, self.seconds), "lock the outbox")])

    @property
    def keeps_rows(self):
        """Whether writers may take no rows away."""
        return bool(self.tables or self.after_delivery or self.initial_rows is not None)

    def _begin_with_rows(self):
        """A message from before the slot is nowhere any more."""
        self.initial_rows = self.random.choice(initial.SIZES[:2] if self.poison else initial.SIZES)
        dropped = ("--table", "public.outbox", "--message-prefix", "outbox")
        self.arguments = [word for word in self.arguments if word not in dropped] + ["--initial-rows"]
        self.ways = [name for name in self.ways if name != "message"]
        self.tables, self.has_checkpoint = None, self.has_checkpoint or self.kind != "file"
        times = [(self.random.uniform(0, self.seconds), name) for name in ("kill", "kill", "kill", "kill postgres")]
        rest = [(due, name) for due, name in self.faults if not name.endswith("postgres")]
        self.faults = sorted(rest[:2] + times)

    def _change_tables(self):
        choose = self.random.choice
        self.tables = choose([tables.PLAIN, tables.PARTITIONED])
        self.seconds, self.pause, self.poison, self.has_standby = self.random.uniform(1, 2), 0.01, None, False
        self.envelope, self.has_checkpoint, self.large = "cloudevents", True, 0
        self.arguments = [word for word in self.arguments if word not in ("--envelope", "payload", "--wait-for-slot")]
        few = ["kill", "terminate", "terminate walsender", "suspend"]
        self.faults = sorted((self.random.uniform(1.2, 8), choose(few)) for _ in range(self.random.randint(0, 3)))
        self.small_disk = False
        # The record has to be there before the first change.
        self.changes = [choose(self.tables) for _ in range(self.random.randint(2, 4))]

    def refuses(self, id_):
        """Whether the receiver refuses an event for good."""
        return self.poison is not None and id_.startswith("7")

    def _faults(self):
        names = [name for name, (_, kinds) in FAULTS.items() if self.kind in kinds.split()]
        weights = [FAULTS[name][0] for name in names]
        chosen = self.random.choices(names, weights, k=self.random.randint(2, 5))
        # Starting a server takes its time.
        slow = [name for name in chosen if name.endswith(("postgres", "broker"))]
        for name in slow[1:]:
            chosen[chosen.index(name)] = "kill"
        times = sorted(self.random.uniform(0, self.seconds) for _ in chosen)
        return list(zip(times, chosen, strict=True))

    def describe(self):
        return "\n".join(f"{name}: {value}" for name, value in vars(self).items() if name != "random")
