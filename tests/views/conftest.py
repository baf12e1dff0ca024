"""The browser that tests of pages share."""

from collections.abc import Iterator

import pytest

from tests.views.browser import Browser, new_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    driver = new_browser()
    yield driver
    driver.quit()
