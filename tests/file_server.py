"""Files over HTTP on loopback, from a server that can do what real ones do: ranges, broken connections, bad days."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(kw_only=True)
class Site:
    """What is served, and how.

    cuts: bytes after which the next answers break off, in turn.  statuses: of the next answers, in turn, instead of
    one with a body.  reason: the phrase beside a status.  seen: path and Range of each request.  authorizations: that
    header's value in each request that has it.  redirects: path -> URL.  encoding: of the files' bytes.
    header_pause_s: before each byte of a status line.  pieces: bytes sent at once, with pause_s between.  chunks: send
    no length.  error_body: of redirects and of answers in ``statuses``.
    """

    files: dict[str, bytes]
    cuts: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    pause_s: float = 0.0
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    reason: str | None = None
    redirects: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    header_pause_s: float = 0.0
    pieces: int = 4096
    chunks: bool = False
    error_body: bytes = b""
    authorizations: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer on a kept connection takes 40 ms

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            name = self.path.lstrip("/")
            site.seen.append((name, wanted))
            site.authorizations += self.headers.get_all("Authorization", [])
            if name in site.redirects:
                self.answer(302, site.error_body, Location=site.redirects[name])
                return
            body = site.files.get(name.partition("?")[0])
            if site.statuses or body is None:
                self.answer(site.statuses.pop(0) if site.statuses else 404, site.error_body)
                return
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and site.ranges else 0
            if start >= len(body) and start:
                self.answer(416, b"", **{"Content-Range": f"bytes */{len(body)}"})
            elif start:
                self.answer(206, body[start:], **{"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"})
            else:
                self.answer(200, body)

        def answer(self, status: int, body: bytes, **headers: str) -> None:
            try:
                for byte in b"HTTP/1.1 " if site.header_pause_s else b"":
                    self.wfile.write(bytes([byte]))
                    time.sleep(site.header_pause_s)
            except OSError:  # the client has left
                self.close_connection = True
                return
            self.send_response(status, site.reason)
            if site.encoding:
                headers["Content-Encoding"] = site.encoding
            length = {"Transfer-Encoding": "chunked"} if site.chunks else {"Content-Length": str(len(body))}
            for key, value in {**length, **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            cut = site.cuts.pop(0) if body and site.cuts else len(body)
            try:
                for place in range(0, cut, site.pieces):
                    piece = body[place : min(place + site.pieces, cut)]
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if site.chunks else piece)
                    time.sleep(site.pause_s)
                if site.chunks and cut == len(body):
                    self.wfile.write(b"0\r\n\r\n")
                if cut < len(body):
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client has left
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}/"
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
