"""Debian's chromium without a screen, asked through its debugging pipe."""

import base64
import collections
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time


class Browser:
    """One browser with one tab. What the tab asks for and what goes wrong in it is kept."""

    def __init__(self, program="chromium"):
        self.profile = tempfile.mkdtemp(prefix="tailrace-browser.")
        reading, theirs_out = os.pipe()
        theirs_in, writing = os.pipe()
        arguments = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync",
            "--hide-scrollbars", f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash", *arguments],
            pass_fds=(theirs_in, theirs_out), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.input, self.output = os.fdopen(writing, "wb", 0), os.fdopen(reading, "rb")
        self.answers, self.number, self.condition = {}, 0, threading.Condition()
        self.requests, self.errors, self.events = [], [], collections.Counter()
        threading.Thread(target=self._read, daemon=True).start()
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _read(self):
        rest = b""
        while piece := self.output.read1(65536):
            *whole, rest = (rest + piece).split(b"\0")
            for text in whole:
                self._take(json.loads(text))
        with self.condition:
            self.answers[None] = True
            self.condition.notify_all()

    def _take(self, message):
        with self.condition:
            if "id" in message:
                self.answers[message["id"]] = message
                self.condition.notify_all()
                return
            method, values = message["method"], message.get("params", {})
            self.events[method] += 1
            if method == "Network.requestWillBeSent":
                self.requests.append(values["request"]["url"])
            elif method == "Runtime.exceptionThrown":
                details = values["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description") or details["text"])
            elif method == "Log.entryAdded" and values["entry"]["level"] in ("error", "warning"):
                self.errors.append(values["entry"]["text"])
            elif method == "Runtime.consoleAPICalled" and values["type"] in ("error", "warning", "assert"):
                self.errors.append(f"console.{values['type']}: {values['args']}")

    def _send(self, method, session=None, **values):
        with self.condition:
            self.number += 1
            number = self.number
            message = {"id": number, "method": method, "params": values}
            if session:
                message["sessionId"] = session
            self.input.write(json.dumps(message).encode() + b"\0")
            if not self.condition.wait_for(lambda: number in self.answers or None in self.answers, timeout=60):
                raise TimeoutError(f"the browser does not answer {method}")
            answer = self.answers.pop(number, {"error": "the browser has gone"})
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def call(self, method, **values):
        """Calls a method of the protocol for the tab."""
        return self._send(method, self.session, **values)

    def evaluate(self, expression):
        """What an expression comes to in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "?"))
        return answer["result"].get("value")

    def wait(self, what, expression, seconds=30):
        """Waits until an expression is true; gives how long that took."""
        began, last = time.monotonic(), None
        while time.monotonic() - began < seconds:
            last = self.evaluate(expression)
            if last:
                return time.monotonic() - began
            time.sleep(0.2)
        raise TimeoutError(f"not within {seconds} s: {what}; it is {last!r}")

    def appear(self, width, height, scheme):
        """Gives the page a size, and its reader a preference for light or dark."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path):
        """Writes the whole page, as it looks now, to a file."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        """Ends the browser."""
        try:
            self._send("Browser.close")
            self.process.wait(10)
        except (RuntimeError, TimeoutError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
