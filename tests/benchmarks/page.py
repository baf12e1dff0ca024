"""``python -m tests.benchmarks.page``: the page of a run with 300 neurons and 200 snapshots in headless Chromium.

Prints its size, the time of its first paint, how many pictures a second its replay draws at each speed, and how much
processor time of the page each of them takes (which other work on the machine does not lengthen), with the neurons in
a plane and in space. Headless Chromium draws in software: a screen with a graphics processor is faster.
"""

import statistics
import tempfile
from pathlib import Path

from rich.console import Console

from featlearn.config.load import load_config
from featlearn.runs.train import train
from tests.places import CONFIGS
from tests.views.browser import Browser, new_browser, opened, until
from tests.views.pages import page_of

WIDTH, SNAPSHOTS = 300, 200
_SECONDS = 4
_COUNT = """
const [speed, seconds] = arguments, done = arguments[2], slider = document.getElementById("time");
const select = document.getElementById("speed");
select.value = speed;
slider.value = "20";
slider.dispatchEvent(new Event("input"));
document.getElementById("play").click();
const gaps = [];
let before = null, first = null;
function count(now) {
  first ??= now;
  if (before !== null) gaps.push(now - before);
  before = now;
  const plays = document.getElementById("play").getAttribute("aria-pressed") === "true";
  if (now - first < 1000 * seconds && plays) return requestAnimationFrame(count);
  slider.dispatchEvent(new Event("input"));
  done(gaps);
}
requestAnimationFrame(count);
"""


def page(place: Path, rank: int) -> str:
    """The page of a run with so many neurons and snapshots."""
    settings = [f"student.width={WIDTH}", f"teacher.rank={rank}", f"log={{points: 400, snapshots: {SNAPSHOTS}}}"]
    config = load_config(CONFIGS / "quickstart.yaml", [*settings, "stages.local_convergence.steps=2000"])
    return page_of(train(config, place).run)


def first_paint(browser: Browser, text: str, place: Path) -> float:
    """Milliseconds until anything of a page is painted."""
    opened(browser, text, place, "#neurons")
    found = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    return float(until(lambda: browser.execute_script(found)))


def pictures(browser: Browser, speed: str) -> tuple[float, float]:
    """Pictures a second of an opened page's replay, and the milliseconds of processor time that one takes the page."""
    before = _processor(browser)
    gaps = browser.execute_async_script(_COUNT, speed, _SECONDS)
    return 1000 / statistics.mean(gaps), 1000 * (_processor(browser) - before) / len(gaps)


def _processor(browser: Browser) -> float:
    found = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(metric["value"] for metric in found if metric["name"] == "TaskDuration"))


def main() -> None:
    console, browser = Console(width=150), new_browser()
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    browser.set_script_timeout(60)
    try:
        for rank in (2, 3):
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder)
                text = page(place, rank)
                paints = [first_paint(browser, text, place) for _ in range(3)]
                console.print(
                    f"rank {rank}: {len(text.encode()) / 1e6:.2f} MB, first paint {statistics.median(paints):.0f} ms"
                )
                for speed in ("0.5", "1", "2", "4"):
                    rate, cost = pictures(browser, speed)
                    console.print(
                        f"rank {rank} at {speed}×: {rate:.0f} pictures a second, {cost:.1f} ms of processor each"
                    )
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
