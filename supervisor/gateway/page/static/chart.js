// The chart of the trial: cores as it happened against cores with other settings.

import { svg } from "./dom.js";
import { label, path, steps } from "./drawing.js";
import { clock } from "./words.js";

const LEFT = 40, RIGHT = 8;

export function coresChart(box, recorded, simulated, seconds) {
  const width = box.clientWidth || 600, top = 10, low = 168, height = 190;
  const most = Math.max(1, ...recorded.cores, ...simulated.cores);
  const x = (time) => LEFT + (time / Math.max(1, seconds)) * (width - LEFT - RIGHT);
  const y = (cores) => low - (cores / most) * (low - top);
  const end = (points) => (points.cores.length ? [[x(seconds), y(points.cores.at(-1))]] : []);
  const line = (points) => steps([...points.time_s.map((t, i) => [x(t), y(points.cores[i])]), ...end(points)]);
  const parts = [], stride = Math.ceil(most / 5), last = width < 500 ? 2 : 4;
  for (let cores = 0; cores <= most; cores += stride) {
    parts.push(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(cores), y2: y(cores) }), label(LEFT - 6, y(cores) + 4, String(cores), "end"));
  }
  parts.push(path("cores-line", line(simulated)), path("happened-line", line(recorded)));
  for (let part = 0; part <= last; part += 1) {
    const ago = seconds * (1 - part / last);
    parts.push(label(x((seconds * part) / last), height - 4, ago ? `−${clock(ago)}` : "now", part === 0 ? "start" : part === last ? "end" : "middle"));
  }
  const words = `Cores over ${clock(seconds)}, recorded and simulated; the table has the sums.`;
  box.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words }, ...parts));
}
