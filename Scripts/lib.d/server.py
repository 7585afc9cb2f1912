"""A scratch server, and SQL on it."""

import contextlib
import os
import re
import shutil
import subprocess
import time

SCRIPTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRATCH_SERVER = os.path.join(SCRIPTS, "scratch-server")


def clean_environment(**more):
    """The environment without settings that are about other servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "TAILRACE_"))}
    return {**kept, **more}


class Server:
    """One cluster."""

    def __init__(self, directory, version=None, settings=("max_replication_slots=80",), port=None):
        self.directory = directory
        arguments = ["--version", version] if version else []
        arguments += ["--port", str(port)] if port else []
        for setting in settings:
            arguments += ["--set", setting]
        self.connection = self._run("start", *arguments).strip()
        self.port = re.search(r"port=(\d+)", self.connection).group(1)

    def _run(self, command, *arguments):
        done = subprocess.run(
            [SCRATCH_SERVER, command, self.directory, *arguments], env=clean_environment(), text=True, timeout=90,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        if done.returncode:
            raise RuntimeError(f"scratch-server {command} failed: {done.stderr.strip()[-600:]}")
        return done.stdout

    def dsn(self, database):
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"

    def kill(self):
        self._run("kill")

    def start(self):
        self._run("start")

    def restart(self, mode):
        self._run("restart", "--mode", mode)

    @contextlib.contextmanager
    def rewound(self):
        """Takes everything back that happens inside, as a restored snapshot does."""
        data, copy = os.path.join(self.directory, "data"), os.path.join(self.directory, "copy")
        self._run("stop")
        subprocess.run(["cp", "-a", data, copy], check=True)
        self.start()
        try:
            yield
        finally:
            self._run("stop", "--mode", "immediate")
            shutil.rmtree(data)
            os.rename(copy, data)
            self.start()

    def destroy(self):
        self._run("destroy")

    def psql(self, database):
        """Starts a psql that reads statements from a pipe."""
        return subprocess.Popen(
            [SCRATCH_SERVER, "psql", self.directory, "-q", "-At"], env=clean_environment(PGDATABASE=database),
            text=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

    def query(self, statements, database="postgres", tries=1, seconds=60):
        """Runs statements one by one; gives the lines they print."""
        while True:
            done = subprocess.run(
                [SCRATCH_SERVER, "psql", self.directory, "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1"],
                env=clean_environment(PGDATABASE=database), input=statements, text=True, timeout=seconds,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
            if not done.returncode:
                return done.stdout.splitlines()
            tries -= 1
            if not tries:
                raise RuntimeError(f"psql failed: {done.stderr.strip()[-600:]}")
            time.sleep(0.3)
