"""Measures how long the page takes to draw a heat map of 512 tokens by 512 units.

    python -m tests.e2e.playground.heat_map

Starts the service for its files, draws made-up numbers twenty times in a canvas of the page's size,
and prints how many milliseconds colouring and drawing took until the pixels could be read back: the
first time, before the browser has compiled anything, and the median.
"""

import json
import statistics
import sys

from tests.e2e.playground.browser import open_browser
from tests.e2e.playground.screenshots import service

SIZE = 512
ROUNDS = 20
MEASURE = """async ([size, rounds]) => {
    const { HeatMap } = await import("/static/panels/inside/heat.js");
    const canvas = document.createElement("canvas");
    canvas.className = "inside-heat";
    document.querySelector("main").prepend(canvas);
    const map = new HeatMap(canvas, () => {});
    const values = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * 0.37));
    const order = Array.from({ length: size }, (_, i) => (i * 7) % size);
    const shown = { values, numTokens: size, numUnits: size, order, low: -1, high: 1 };
    const times = [];
    for (let round = 0; round < rounds; round += 1) {
        const began = performance.now();
        map.show(shown);
        canvas.getContext("2d").getImageData(0, 0, 1, 1); // waits until all is drawn
        times.push(performance.now() - began);
    }
    return times;
}"""


def main() -> int:
    """Measure, and print it."""
    with open_browser() as browser, service(None) as url:
        page = browser.new_page(viewport={"width": 1080, "height": 900})
        page.goto(url)
        times = page.evaluate(MEASURE, [SIZE, ROUNDS])
    median = statistics.median(times)
    print(json.dumps({"first_ms": round(times[0], 1), "median_ms": round(median, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
