"""What arrived, in the order in which it did."""

import json
import threading


class Delivery:
    """One event that arrived: its id, its bytes, and what they say."""

    __slots__ = ("id", "raw", "event", "data")

    def __init__(self, raw, event, data):
        self.raw, self.event, self.data = raw, event, data
        self.id = event["id"]

    @classmethod
    def of_line(cls, raw, envelope="cloudevents"):
        """Reads a line; raises ValueError when it is not an event."""
        event = json.loads(raw)
        if not isinstance(event, dict) or not isinstance(event.get("id"), str):
            raise ValueError("no event")
        return cls(raw, event, event if envelope == "payload" else event.get("data"))


class Record:
    """Deliveries and what could not be read as one."""

    def __init__(self, envelope="cloudevents"):
        self.envelope = envelope
        self.lock = threading.Lock()
        self.deliveries = []
        self.ids = set()
        self.torn = []

    def add(self, delivery):
        with self.lock:
            self.deliveries.append(delivery)
            self.ids.add(delivery.id)

    def add_line(self, raw):
        try:
            self.add(Delivery.of_line(raw, self.envelope))
        except ValueError:
            self.tear(raw)

    def tear(self, raw):
        with self.lock:
            self.torn.append(raw)
