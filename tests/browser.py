"""Headless Chromium through a pipe (the DevTools protocol), for the tests of what runs in a browser."""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Chromium reads commands from its file descriptor 3 and answers on 4.
PIPED = """
import os, sys
for given, high in zip(map(int, sys.argv[1:3]), (103, 104)):
    os.dup2(given, high)
for high, expected in ((103, 3), (104, 4)):
    os.dup2(high, expected)
os.execv(sys.argv[3], sys.argv[3:])
"""
ANSWER_SECONDS = 300
FLAGS = ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe")


class Browser:
    def __init__(self, folder):
        (read, write), (answers, answer) = os.pipe(), os.pipe()
        root = ("--no-sandbox",) if os.geteuid() == 0 else ()
        command = [sys.executable, "-c", PIPED, str(read), str(answer), PROGRAM, *FLAGS, *root]
        command += [f"--user-data-dir={folder}", "about:blank"]
        self.process = subprocess.Popen(command, pass_fds=(read, answer), stderr=subprocess.DEVNULL)
        os.close(read)
        os.close(answer)
        self._to, self._from = os.fdopen(write, "wb", 0), os.fdopen(answers, "rb", 0)
        self._last_request, self._rest, self.events, self.answers = 0, b"", [], {}

    def close(self):
        self.call("Browser.close")
        self.process.wait(20)
        self._to.close()
        self._from.close()

    def call(self, method, session=None, **parameters):
        self._last_request += 1
        message = {"id": self._last_request, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        request = self._last_request
        self._to.write(json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == request:
                assert "error" not in got, (method, got["error"])
                return got["result"]
            self._happened(got)

    def _next(self):
        while b"\0" not in self._rest:
            answered, _, _ = select.select([self._from], [], [], ANSWER_SECONDS)
            assert answered, f"Chromium did not answer within {ANSWER_SECONDS} seconds"
            more = self._from.read(1 << 20)
            assert more, "Chromium ended"
            self._rest += more
        first, self._rest = self._rest.split(b"\0", 1)
        return json.loads(first)

    def _happened(self, event):
        self.events.append(event)
        if event.get("method") == "Fetch.requestPaused":
            request = event["params"]
            body = self.answers.get(request["request"]["url"])
            headers = [{"name": "Access-Control-Allow-Origin", "value": "*"}]
            code = {"responseCode": 404} if body is None else {"responseCode": 200, "body": body}
            message = {"requestId": request["requestId"], "responseHeaders": headers, **code}
            self._last_request += 1
            sent = {"id": self._last_request, "method": "Fetch.fulfillRequest", "params": message}
            self._to.write(json.dumps({**sent, "sessionId": event["sessionId"]}).encode() + b"\0")

    @contextmanager
    def page(self, url, *, answers=None):
        """A page that has been loaded; requests for the web get the base64 bodies in `answers`."""
        self.events, self.answers = [], answers or {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        page = Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            page.call(f"{domain}.enable")
        page.call("Fetch.enable", patterns=[{"urlPattern": "https://*"}])
        page.call("Page.navigate", url=url)
        try:
            yield page
        finally:
            self.call("Target.closeTarget", targetId=target)


class Page:
    def __init__(self, browser, session):
        self.browser, self.session = browser, session

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def js(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait(self, expression, seconds=60):
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.js(expression):
            assert time.monotonic() < end, (expression, self.js("document.body.innerText"), self.trouble())
            time.sleep(0.05)

    def press(self, key, code=None, virtual=0, modifiers=0):
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code or key,
                windowsVirtualKeyCode=virtual,
                text="",
                modifiers=modifiers,
            )

    def mouse(self, kind, x, y, **options):
        """Moves, presses or releases at a place of the window: kind "Moved", "Pressed" or "Released"."""
        held = {"button": "left", "buttons": 0 if kind == "Released" else 1, "clickCount": 1, **options}
        self.call("Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, **held)

    def stroke(self, points, **options):
        """Presses the mouse at the first of some places, moves along them, and releases it at the last one."""
        self.mouse("Pressed", *points[0], **options)
        for place in points[1:]:
            self.mouse("Moved", *place, **options)
        self.mouse("Released", *points[-1], **options)

    def touch(self, points):
        """The same with a finger."""
        for kind, place in [("Start", points[0]), *(("Move", each) for each in points[1:]), ("End", None)]:
            places = [] if place is None else [{"x": place[0], "y": place[1]}]
            self.call("Input.dispatchTouchEvent", type=f"touch{kind}", touchPoints=places)

    def screenshot(self, **clip):
        """A PNG of the window, or of a part of it: x, y, width, height, scale."""
        options = {"clip": clip} if clip else {}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **options)["data"])

    def requested(self):
        """The URLs that the page requested."""
        sent = [event for event in self.browser.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def trouble(self):
        """What the console complained about."""
        return [
            event["params"]
            for event in self.browser.events
            if event.get("method") == "Runtime.exceptionThrown"
            or (event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error")
        ]
