"""A receiver that answers at once: nginx, which discards what it is sent and counts requests."""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request

from measurement import Failure

# One process, so that there is one to end, and so that senders and receiver share two cores as fairly as may be.
CONFIGURATION = """
daemon off;
master_process off;
error_log {directory}/error.log;
pid {directory}/pid;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 64m;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /events {{ return 204; }}
    location /status {{ stub_status; }}
  }}
}}
"""


def program():
    """Where nginx is; None when it is not."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Receiver:
    """A running nginx. Used with `with`, which ends it."""

    def __init__(self, directory):
        self.directory = os.path.join(directory, "nginx")

    def __enter__(self):
        os.makedirs(self.directory, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        path = os.path.join(self.directory, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(directory=self.directory, port=self.port))
        self.process = subprocess.Popen(
            [program(), "-p", self.directory, "-e", os.path.join(self.directory, "error.log"), "-c", path],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        try:
            self._wait_until_listening()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _wait_until_listening(self):
        deadline = time.monotonic() + 10
        while True:
            try:
                self.requests()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.process.kill()
                    raise Failure(f"nginx does not start: {self.process.stderr.read()[-400:]!r}") from None
                time.sleep(0.05)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/events"

    def requests(self):
        """How many requests for events there have been, without those that ask for this."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/status", timeout=5) as answer:
            total = int(re.search(r"requests\s+\d+ \d+ (\d+)", answer.read().decode()).group(1))
        self.asked = getattr(self, "asked", 0) + 1
        return total - self.asked

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
