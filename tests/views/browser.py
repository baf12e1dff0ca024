"""A real browser with the network off."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from featlearn.views.report.page import write_page

needs_browser = pytest.mark.skipif(
    not (shutil.which("chromium") and shutil.which("chromedriver")),
    reason="needs Debian's chromium and chromium-driver",
)


Browser = webdriver.Chrome


def new_browser(reaches: str = "") -> Browser:
    """Chromium without a window and without a network, but for one host where it is given."""
    but_for = f", EXCLUDE {reaches}" if reaches else ""
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--enable-unsafe-swiftshader",
        "--window-size=1000,1600",
        "--force-prefers-reduced-motion",  # or pages would play by themselves
        f"--host-resolver-rules=MAP * ~NOTFOUND{but_for}",  # no network
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def until(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return value


def opened(browser: Browser, page: str, place: Path, ready: str) -> None:
    file = place / "page.html"
    write_page(page, file)
    browser.get(file.resolve().as_uri())
    until(lambda: browser.execute_script(f"return Boolean(document.querySelector({ready!r})?.data)"))


def errors(browser: Browser) -> list[str]:
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
