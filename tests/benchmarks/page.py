"""``python -m tests.benchmarks.page``: the page of a run with 300 neurons and 200 snapshots in headless Chromium.

Prints its size, the time of its first paint, and how many pictures a second its replay draws at each speed, with the
neurons in a plane and in space. Headless Chromium draws in software: a screen with a graphics processor is faster.
"""

import statistics
import tempfile
from pathlib import Path

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
  if (now - first < 1000 * seconds && document.getElementById("play").getAttribute("aria-pressed") === "true") return requestAnimationFrame(count);
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
    """Pictures a second of an opened page's replay, and the longest time between two of them in milliseconds."""
    gaps = browser.execute_async_script(_COUNT, speed, _SECONDS)
    return 1000 / statistics.mean(gaps), max(gaps)


def main() -> None:
    browser = new_browser()
    browser.set_script_timeout(60)
    try:
        for rank in (2, 3):
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder)
                text = page(place, rank)
                paints = [first_paint(browser, text, place) for _ in range(3)]
                print(f"rank {rank}: {len(text.encode()) / 1e6:.2f} MB, first paint {statistics.median(paints):.0f} ms")
                for speed in ("0.5", "1", "2", "4"):
                    rate, longest = pictures(browser, speed)
                    print(f"rank {rank} at {speed}×: {rate:.0f} pictures a second, {longest:.0f} ms between two at most")
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
