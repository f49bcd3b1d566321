// Two charts as SVG: utilization with its band above the cores, and cores against cores.

import { svg } from "./dom.js";

const LEFT = 46, RIGHT = 10;

export function liveChart(box, samples, limits, seconds) {
  const width = box.clientWidth || 600, top = 8, middle = 168, low = 232, height = 254;
  const last = samples.at(-1)?.now ?? 0;
  const x = (now) => LEFT + (1 - (last - now) / seconds) * (width - LEFT - RIGHT);
  const y = (percent) => middle - (Math.min(100, percent) / 100) * (middle - top);
  const most = Math.max(limits.usable, ...samples.map((s) => s.after), 1);
  const c = (cores) => low - (cores / most) * (low - middle - 22);
  const bandTop = y(limits.target), bandLow = y(limits.low);
  const parts = [];
  for (const percent of [0, 25, 50, 75, 100]) parts.push(...rule(width, y(percent), `${percent} %`));
  parts.push(svg("rect", { class: "band-area", x: LEFT, width: width - LEFT - RIGHT, y: bandTop, height: bandLow - bandTop }));
  parts.push(svg("line", { class: "target-line", x1: LEFT, x2: width - RIGHT, y1: bandTop, y2: bandTop }));
  parts.push(...rule(width, c(0), "0"), ...rule(width, c(most), `${most}`));
  parts.push(label(LEFT + 4, c(most) - 5, "cores", "start"));
  for (const s of samples) {
    if (s.utilization !== null) parts.push(svg("circle", { class: "sample", cx: x(s.now), cy: y(s.utilization), r: 2 }));
  }
  const known = samples.filter((s) => s.average !== null);
  parts.push(path("used-line", known.map((s) => [x(s.now), y(s.average)])));
  parts.push(path("cores-line", steps(samples.map((s) => [x(s.now), c(s.after)]))));
  for (let ago = 0; ago <= seconds; ago += seconds / ticks(width)) {
    const anchor = ago === 0 ? "end" : ago === seconds ? "start" : "middle";
    parts.push(label(x(last - ago), height - 4, ago ? `−${clock(ago)}` : "now", anchor));
  }
  const words = known.length
    ? `Average utilization ${known.at(-1).average.toFixed(0)} percent, target ${limits.target} percent, `
      + `band from ${limits.low.toFixed(0)} percent; ${known.at(-1).after} cores.`
    : "No sample yet.";
  show(box, width, height, words, parts);
}

export function coresChart(box, recorded, simulated, seconds) {
  const width = box.clientWidth || 600, top = 10, low = 168, height = 190;
  const most = Math.max(1, ...recorded.cores, ...simulated.cores);
  const x = (time) => LEFT + (time / Math.max(1, seconds)) * (width - LEFT - RIGHT);
  const y = (cores) => low - (cores / most) * (low - top);
  const line = (points) => steps([...points.time_s.map((t, i) => [x(t), y(points.cores[i])]), ...end(points)]);
  const end = (points) => (points.cores.length ? [[x(seconds), y(points.cores.at(-1))]] : []);
  const parts = [];
  const stride = Math.ceil(most / 5);
  for (let cores = 0; cores <= most; cores += stride) parts.push(...rule(width, y(cores), `${cores}`));
  parts.push(path("cores-line", line(simulated)), path("happened-line", line(recorded)));
  const last = ticks(width);
  for (let part = 0; part <= last; part += 1) {
    const anchor = part === 0 ? "start" : part === last ? "end" : "middle";
    const ago = seconds * (1 - part / last);
    parts.push(label(x((seconds * part) / last), height - 4, ago ? `−${clock(ago)}` : "now", anchor));
  }
  show(box, width, height, `Cores over ${clock(seconds)}, recorded and simulated; the table has the sums.`, parts);
}

const ticks = (width) => (width < 500 ? 2 : 4);

export function clock(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

function rule(width, y, text) {
  return [
    svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
    label(LEFT - 6, y + 4, text, "end"),
  ];
}

function label(x, y, text, anchor) {
  return svg("text", { x, y, "text-anchor": anchor }, text);
}

function path(kind, points) {
  const d = points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return svg("path", { class: kind, d });
}

function steps(points) {
  return points.flatMap(([x, y], i) => (i ? [[x, points[i - 1][1]], [x, y]] : [[x, y]]));
}

function show(box, width, height, words, parts) {
  box.replaceChildren(
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words }, ...parts),
  );
}
