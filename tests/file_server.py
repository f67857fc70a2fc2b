"""A local file server that understands Range and If-Range, and misbehaves where it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Fault:
    """How one address misbehaves."""

    cut_after: int | None = None
    """Bytes of a body after which the connection closes …"""
    cuts: int = 1
    """… and how often it does so."""
    stall_after: int | None = None
    """Bytes of a body after which nothing more comes until the server ends."""
    status: int = 0
    """Status that is answered instead of the file."""
    circle: bool = False
    """Whether it redirects to the same address again."""
    ranges: bool = True
    tag: str = ""
    """ETag; where it is empty there is none."""
    length: bool = True
    """Whether it sends the length of the body."""
    endless: bool = False
    """Whether the body comes again and again, as long as anyone reads; with `length` left out."""
    wrong_start: bool = False
    """Whether a range is answered with another one."""


@dataclass
class FileServer:
    """What is served, and what was asked for."""

    base: str
    files: dict[str, bytes] = field(default_factory=dict)
    """Path without the first slash → content."""
    faults: dict[str, Fault] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Path, and its Range header or nothing, of every request."""
    sent: int = 0
    """Bytes of bodies that were sent."""
    ended: threading.Event = field(default_factory=threading.Event)

    def ranges(self, path: str) -> list[str]:
        """The Range headers with which this path was asked for."""
        return [header for name, header in self.asked if name == path]

    def wait_for(self, sent: int) -> None:
        """Until so many bytes are sent."""
        deadline = time.monotonic() + 30
        while self.sent < sent:
            assert time.monotonic() < deadline, f"only {self.sent} of {sent} bytes were asked for"
            time.sleep(0.01)

    def sent_in_all(self, least: int) -> int:
        """Bytes sent, once they are `least`: a client may have the last of them before they are counted."""
        self.wait_for(least)
        return self.sent


@contextmanager
def serving() -> Iterator[FileServer]:
    """A server that runs until the block ends."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    served = FileServer(f"http://127.0.0.1:{listener.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(ConnectionError):
                _answer(self, served)

        def log_message(self, *_: object) -> None:
            pass

    listener.RequestHandlerClass = Handler
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield served
    finally:
        served.ended.set()
        listener.shutdown()
        thread.join()
        listener.server_close()


def _answer(request: BaseHTTPRequestHandler, served: FileServer) -> None:
    path, wanted = request.path.lstrip("/"), request.headers.get("Range", "")
    served.asked.append((path, wanted))
    fault, content = served.faults.get(path, Fault()), served.files.get(path)
    if fault.status or content is None:
        request.send_error(fault.status or 404)
        return
    if fault.circle:
        request.send_response(302)
        request.send_header("Location", request.path)
        request.end_headers()
        return
    start, unchanged = 0, request.headers.get("If-Range", fault.tag) == fault.tag
    if wanted and fault.ranges and unchanged:
        start = int(wanted.removeprefix("bytes=").partition("-")[0])
        if start >= len(content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = 0 if fault.wrong_start else start
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    else:
        request.send_response(200)
    body = content[start:]
    if fault.length:
        request.send_header("Content-Length", str(len(body)))
    if fault.tag:
        request.send_header("ETag", fault.tag)
    request.end_headers()
    if fault.cut_after is not None and fault.cuts > 0:
        fault.cuts -= 1
        body = body[: fault.cut_after]
    if fault.stall_after is not None:
        _send(request, served, body[: fault.stall_after])
        served.ended.wait(60)
        return
    _send(request, served, body)
    while fault.endless and not served.ended.is_set():
        _send(request, served, body)


def _send(request: BaseHTTPRequestHandler, served: FileServer, body: bytes) -> None:
    request.wfile.write(body)
    request.wfile.flush()
    served.sent += len(body)
