"""Clients that place orders over HTTP, and keep what they were told."""

import http.client
import json
import random
import threading
import time

# What there is of each item at first. Of the scarce one there is too little for all who want it, of the last one nothing.
PLENTY = 1_000_000
ITEMS = {"pen": (250, PLENTY), "ink": (500, PLENTY), "scarce": (900, 60), "gone": (100, 0)}


class Client(threading.Thread):
    """Places one order after another. Where it hears nothing it asks again, with the same id."""

    def __init__(self, number, seed, port):
        super().__init__(name=f"client {number}", daemon=True)
        self.number, self.port = number, port
        self.chance = random.Random(f"{seed} client {number}")
        self.leaving = threading.Event()
        self.placed, self.refused = {}, {}
        self.unheard = self.found = self.vetoed = 0
        self.problems = []

    def run(self):
        number = 0
        while not self.leaving.is_set():
            number += 1
            self._place(self._order(number))
            self.leaving.wait(self.chance.uniform(0.002, 0.02))

    def _order(self, number):
        item = self.chance.choices([*ITEMS, "none"], [40, 40, 8, 10, 2])[0]
        quantity = 0 if self.chance.random() < 0.02 else self.chance.randint(1, 3)
        return {"id": f"c{self.number}-{number}", "customer": f"customer-{self.chance.randrange(7)}", "item": item,
                "quantity": quantity}

    def _place(self, order):
        """Asks until it is told; then, now and then, once more."""
        asked = 0
        while True:
            status = self._post(order)
            asked += 1
            if status in (200, 201, 409, 422):
                break
            if status not in (None, 503):
                self.problems.append(f"{order}: answered {status}")
                return
            self.unheard += 1
            # Every order is asked for to its end, after the client was told to leave too.
            time.sleep(self.chance.uniform(0.02, 0.1))
        if status in (200, 201):
            self.placed[order["id"]] = order
            if status == 200:
                self.found += 1
                if asked == 1:
                    self.problems.append(f"{order}: was there before it was asked for")
            if self.chance.random() < 0.05 and self._post(order) not in (200, 503, None):
                self.problems.append(f"{order}: placed, and not there when it was asked for again")
        else:
            self.refused[order["id"]] = order
            self.vetoed += status == 409

    def _post(self, order):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request("POST", "/orders", json.dumps(order), {"content-type": "application/json"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
