"""What the way to the server costs: a backlog over TCP, over TCP with TLS, and over a Unix socket."""

import contextlib
import os
import shutil
import subprocess
import time

import backlogs
import report
from draining import Draining
from peers import Recvlogical, Tailrace

BACKLOGS = ["bulk", "oltp"]
TRANSPORTS = ["tcp", "tls", "unix"]
CLIENTS = {"tailrace": Tailrace, "pg_recvlogical": Recvlogical}
COMPARED = "pg_recvlogical"

HEADINGS = [*report.HEADINGS, (f"× {COMPARED}, same transport", "compared", "{:.2f}")]


def measure(bench):
    transports = TRANSPORTS
    if not has_tls(bench.server):
        bench.say("  without TLS, which needs the program openssl and a server that is built with it")
        transports = [transport for transport in TRANSPORTS if transport != "tls"]
    with tls(bench.server) if "tls" in transports else contextlib.nullcontext():
        for name in BACKLOGS:
            drain(bench, name, transports)


def drain(bench, name, transports):
    """All clients drain a backlog over all transports."""
    options = bench.options
    with backlogs.standard(name, options.rows, options.huge_rows).loaded(bench.server) as backlog:
        size = backlog.bytes_of_log()
        bench.say(f"  {name}: {backlog.rows} events, {backlog.about}; {size / 1e6:.0f} MB of log")
        # Clients that are compared come one after the other.
        peers = [peer(bench, client, transport) for transport in transports for client in CLIENTS]
        draining = Draining(bench, backlog, peers)
        try:
            draining.run(options.runs, options.pauses)
        finally:
            order = [f"{client}, {transport}" for client in CLIENTS for transport in transports]
            bench.conclude([compared(figures, order) for figures in draining.rounds], part=name, headings=HEADINGS,
                           rows=backlog.rows, log_bytes=size)


def peer(bench, client, transport):
    """A client that uses a transport."""
    found = CLIENTS[client](f"{client}, {transport}", bench)
    found.dsn = lambda backlog: dsn(bench.server, backlog.database, transport)
    return found


def dsn(server, database, transport):
    """A connection string for a transport and for no other."""
    found = server.dsn(database)
    if transport == "unix":
        # The scratch server's socket is in its directory.
        return found.replace("127.0.0.1", f"'{os.path.abspath(server.directory)}'")
    return f"{found} sslmode={'require' if transport == 'tls' else 'disable'}"


def compared(figures, order):
    """A round's figures in an order, each with its rate as a part of the other client's over the same transport."""
    found = {}
    for name in [name for name in order if name in figures]:
        other = figures.get(f"{COMPARED}, {name.split(', ')[1]}")
        ratio = figures[name]["events_per_second"] / other["events_per_second"] if other else None
        found[name] = {**figures[name], "compared": ratio}
    return found


def has_tls(server):
    return shutil.which("openssl") and any(server.query("SHOW ssl_library"))


@contextlib.contextmanager
def tls(server):
    """Is there for as long as it is needed: clients take it unasked, and other workloads are to be without it."""
    certify(os.path.join(server.directory, "data"))
    try:
        switch(server, "on")
        yield
    finally:
        switch(server, "off")


def certify(data):
    """Gives a server a certificate, under the names that it looks for."""
    key, certificate = os.path.join(data, "server.key"), os.path.join(data, "server.crt")
    done = subprocess.run(
        ["openssl", "req", "-new", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=localhost",
         "-keyout", key, "-out", certificate],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"openssl failed: {done.stderr.strip()[-600:]}")
    # It refuses a key that others could read, or that is another user's.
    owner = os.stat(data)
    for path in (key, certificate):
        os.chown(path, owner.st_uid, owner.st_gid)
        os.chmod(path, 0o600)


def switch(server, state):
    """Has TLS on or off for connections from now on."""
    server.query(f"ALTER SYSTEM SET ssl = {state};\nSELECT pg_reload_conf();")
    deadline = time.monotonic() + 20
    while server.query("SHOW ssl") != [state]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the server does not switch TLS {state}")
        time.sleep(0.05)
