"""The page of all runs, served on this machine alone and kept fresh: a page that asks again and again what is new."""

from __future__ import annotations

import json
import re
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from featlearn.claims.listing import Line, listing
from featlearn.runs.directory import RunDirectory
from featlearn.storage.errors import RunError
from featlearn.storage.opening import read_regular
from featlearn.views.data.thumbnails import Thumbnail, read_thumbnail, thumbnails
from featlearn.views.report.index import PAGES, Rows, packed_rows, page_of, page_of_line

_LOOPBACK = "127.0.0.1"
_HOSTS = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)  # a tunnel may have another port
_REST = 1.0  # seconds before the folder is looked at again
_PATIENCE = 10.0  # seconds for which a request may take to arrive
_OWN = "frame-ancestors 'none'"
_FOREIGN = f"sandbox allow-scripts allow-downloads; {_OWN}"  # a page of somebody else's run may not read the others
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Watched:
    """What is known of a folder, and since which version of that knowledge."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._version = 0
        self._read_at: float | None = None
        self._known: dict[str, tuple[Line, Path | None]] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._changed: dict[str, int] = {}  # by name, the version since which a row is as it is, or is gone
        self._about: dict[str, Any] = {}

    def page(self) -> str:
        """The page as it is now."""
        return page_of(self.news(0), self.folder, served=True)

    def news(self, since: int) -> dict[str, Any]:
        """What changed after a version: what the rows have in common, new and changed rows, and the names of others
        that are gone."""
        with self._lock:
            if self._read_at is None or time.monotonic() - self._read_at >= _REST:
                self._look()
                self._read_at = time.monotonic()
            changed = [name for name, version in self._changed.items() if version > since]
            rows = [self._rows[name] for name in changed if name in self._rows]
            gone = [name for name in changed if name not in self._rows]
            return {**self._about, "version": self._version, "gone": gone, **packed_rows(rows)}

    def _look(self) -> None:
        lines = listing(self.folder)
        now = {line.name: (line, page_of_line(line)) for line in lines}
        changed = [name for name, found in now.items() if self._known.get(name) != found]
        gone = self._known.keys() - now.keys()
        if changed or gone or not self._about:
            rows = Rows(lines, self.folder)
            self._about = rows.about()
            self._version += 1
            for name in gone:
                del self._rows[name]
            drawn = self._drawn([now[name][0] for name in changed])
            new = rows.of((now[name][0] for name in changed), drawn)
            self._rows.update(zip(changed, new, strict=True))
            self._changed.update(dict.fromkeys((*changed, *gone), self._version))
        self._known = now
        self._about["read"] = time.time()

    def _drawn(self, lines: list[Line]) -> dict[str, Thumbnail]:
        """All thumbnails at first; later those of the runs that changed."""
        if not self._known:
            return thumbnails(self.folder)
        return {line.name: read_thumbnail(RunDirectory(line.path)) for line in lines if line.kind == "run"}


class IndexServer(ThreadingHTTPServer):
    """Serves the page of a folder at a free port of this machine; ``serve_forever`` runs until it is interrupted."""

    daemon_threads = True
    request_queue_size = 128  # with the default of 5, the sixth of many requests at once waits for a second

    def __init__(self, folder: Path) -> None:
        super().__init__((_LOOPBACK, 0), _Handler)
        self.watched = Watched(folder)
        self.root = folder.resolve()

    @property
    def address(self) -> str:
        return f"http://{_LOOPBACK}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: IndexServer
    server_version, sys_version = "featlearn", ""
    timeout = _PATIENCE

    def do_GET(self) -> None:
        """The page at ``/``, what is new at ``/changes?since=VERSION``, and the pages of runs below their names."""
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or not _HOSTS.fullmatch(hosts[0]):  # a foreign name that was made to lead here
            self.send_error(HTTPStatus.FORBIDDEN, "This server answers to 127.0.0.1 and localhost alone")
            return
        try:
            asked = urlsplit(self.path)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST, "This is not the address of a page")
            return
        if asked.path == "/":
            self._send(self.server.watched.page().encode(), "text/html; charset=utf-8", _OWN)
        elif asked.path == "/changes":
            self._send_changes(parse_qs(asked.query).get("since", []))
        elif (content := page_below(self.server.root, asked.path)) is not None:
            kind = "html" if asked.path.endswith(".html") else "plain"
            self._send(content, f"text/{kind}; charset=utf-8", _FOREIGN)
        else:
            self.send_error(HTTPStatus.NOT_FOUND, "There is no such page")

    def _send_changes(self, since: list[str]) -> None:
        if len(since) != 1 or not re.fullmatch(r"[0-9]{1,12}", since[0]):
            self.send_error(HTTPStatus.BAD_REQUEST, "Expected /changes?since=VERSION")
            return
        news = self.server.watched.news(int(since[0]))
        self._send(json.dumps(news, allow_nan=False).encode(), "application/json", _OWN)

    def _send(self, content: bytes, kind: str, policy: str) -> None:
        self.send_response(HTTPStatus.OK)
        about = {"Content-Type": kind, "Content-Length": str(len(content)), "Content-Security-Policy": policy}
        for name, value in (_HEADERS | about).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed for a request."""


def page_below(root: Path, path: str) -> bytes | None:
    """The page of a run, a sweep or a reproduction below a folder, or None.

    Args:
        root: the folder, resolved.
        path: of the URL. Only pages by their names are served, and nothing that a link leads to.
    """
    parts = [unquote(part) for part in path.split("/")[1:]]
    if len(parts) < 2 or parts[-1] not in PAGES.values():
        return None
    if any(part.startswith(".") or not part or set(part) & set("/\\:\0") for part in parts):
        return None
    try:
        found = root.joinpath(*parts)
        return read_regular(found) if found.resolve() == found else None
    except (RunError, OSError, ValueError, RuntimeError):
        return None
