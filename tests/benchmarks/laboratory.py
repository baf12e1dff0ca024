"""``python -m tests.benchmarks.laboratory``: steps a second of the laboratory in headless Chromium, on one core.

Prints them for 100 neurons, three teacher lines and each activation and dimension: the best of some stretches, which
other work on the machine lengthens least.
"""

import numpy as np
from rich.console import Console

from tests.places import ROOT
from tests.views.browser import new_browser

WIDTH, TEACHERS = 100, 3
_ENGINE = ROOT / "featlearn" / "views" / "report" / "files" / "engine.js"
_RATE = """
const [activation, dim, second, first, teacher, stretches] = arguments;
const engine = new Engine(activation, dim, new Float64Array(second), new Float64Array(first), teacher.length / dim);
engine.setTeacher(new Float64Array(teacher.length / dim).fill(1), new Float64Array(teacher));
let best = 0;
for (let stretch = 0; stretch < stretches; stretch++) {
  const start = performance.now();
  for (let k = 0; k < 1000; k++) engine.step(0.01, 0.01);
  best = Math.max(best, 1e6 / (performance.now() - start));
}
return best;
"""


def main() -> None:
    console, browser, rng = Console(width=150), new_browser(), np.random.default_rng(0)
    try:
        browser.get("about:blank")
        for activation in ("relu", "plain_relu", "abs", "erf", "quadratic"):
            for dim in (2, 6, 32):
                first = 0.1 * rng.standard_normal(WIDTH * dim)
                teacher = np.eye(TEACHERS, dim) if dim >= TEACHERS else np.array([[1, 0], [0, 1], [0.6, 0.8]])
                second = (0.1 * rng.standard_normal(WIDTH)).tolist()
                code = _ENGINE.read_text() + _RATE
                rate = browser.execute_script(
                    code, activation, dim, second, first.tolist(), teacher.ravel().tolist(), 8
                )
                console.print(f"{activation} in {dim} dimensions: {rate:.0f} steps a second")
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
