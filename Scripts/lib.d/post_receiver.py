"""A receiver that takes whatever is posted, on this machine only.

As a program: post_receiver.py PORT_FILE BODIES writes its port into one file and what it gets into another.
"""

import http.server
import ssl
import sys
import threading


class PostReceiver(http.server.ThreadingHTTPServer):
    """Keeps the bodies that were posted to it; with a certificate it speaks TLS."""

    daemon_threads = True

    def __init__(self, port=0, certificate=None, taken=None):
        self.bodies = []
        self.taken = taken or self.bodies.append
        super().__init__(("127.0.0.1", port), Answering)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def start(self):
        """Answers on a thread of its own until `shutdown`."""
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self


class Answering(http.server.BaseHTTPRequestHandler):
    """Answers 204, and 422 at /refusing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.server.taken(self.rfile.read(int(self.headers.get("content-length") or 0)))
        self.send_response(422 if self.path == "/refusing" else 204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def main():
    port_file, bodies = sys.argv[1:]

    def write(body):
        with open(bodies, "ab") as file:
            file.write(body + b"\n")

    server = PostReceiver(taken=write)
    with open(port_file, "w", encoding="ascii") as file:
        file.write(str(server.server_port))
    server.serve_forever()


if __name__ == "__main__":
    main()
