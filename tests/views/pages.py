"""What a page holds: its payload, and its text as a browser would read it."""

import base64
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np

from featlearn.runs.directory import RunDirectory
from featlearn.views.data.run import read_run
from featlearn.views.report.run import run_page

HOSTILE = '<script>alert(1)</script> & "x" $y$ <img src=x onerror=alert(2)>'


def page_of(run: RunDirectory) -> str:
    return run_page(read_run(run))


class Outline(HTMLParser):
    """Tags with their attributes, and the text of what is no script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within not in ("script", "style"):
            self.text.append(data)


def payload(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    value: dict[str, Any] = json.loads(found[1])
    return value


def floats(packed: dict[str, str]) -> np.ndarray:
    [(kind, text)] = packed.items()
    return np.frombuffer(base64.b64decode(text), dtype=f"<{kind}")
