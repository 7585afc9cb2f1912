"""moto, which speaks SQS and SNS, with what its queues lack.

A FIFO queue knows for five minutes what it was given, also when somebody has taken it; messages that come at once are all there;
and the ten thousandth message takes no longer than the first, for which moto's own counts all that are there, six times.

usage: moto_queues.py -H HOST -p PORT
"""

import time

from moto.server import main
from moto.sqs import models

WINDOW = 5 * 60 * 1000  # ms


def add_message(self, message):
    with self._messages_lock:
        known = self.__dict__.setdefault("known", {})
        if self.fifo_queue and message.deduplication_id:
            before = known.get(message.deduplication_id)
            if before is not None and message.sent_timestamp - before < WINDOW:
                return
            known[message.deduplication_id] = message.sent_timestamp
        self._messages.append(message)
        self._messages_lock.notify_all()


def delete_message(self, receipt_handle):
    with self._messages_lock:
        if receipt_handle in self.deleted_messages:
            return
        message = next((message for message in self._messages if message.had_receipt_handle(receipt_handle)), None)
        if not message:
            raise models.ReceiptHandleIsInvalid
        self._messages.remove(message)
        self.pending_messages.discard(message)
        self.deleted_messages.update(message.all_receipt_handles)


def not_visible(self):
    return sum(not message.visible for message in list(self.pending_messages))


models.unix_time_millis = lambda: time.time() * 1000
models.Queue.add_message = add_message
models.Queue.delete_message = delete_message
# Nobody here delays messages, and only those that somebody has taken are not visible.
models.Queue.approximate_number_of_messages_delayed = 0
models.Queue.approximate_number_of_messages_not_visible = property(not_visible)
models.Queue.approximate_number_of_messages = property(lambda self: len(self._messages) - not_visible(self))

if __name__ == "__main__":
    main()
