// The last minutes, hour or day as three charts with one time axis and one cursor.

import { ask } from "./api.js";
import { $, element, remembered, svg, write } from "./dom.js";
import { HEIGHT, LEFT, RIGHT, TOP, chart, label, level, path, rules, scale, steps } from "./drawing.js";
import { count, short, span } from "./words.js";

let seconds = 300, course = null, limits = null, cursor = null, askedAt = -Infinity;

const PANELS = [
  { title: "Busy", draw: busy, said: ({ load }, i) => (load.utilization[i] === null ? "–" : `${Math.round(load.utilization[i])} %`), of: "load" },
  { title: "Cores, and sentences waiting", draw: coresAndQueue, said: ({ load }, i) => `${count(load.cores[i], "core")}${foretold(load.ago_s[i])}, ${load.waiting[i]} waiting`, of: "load" },
  { title: "First sound after", draw: latency, said: ({ speech }, i) => (speech.first_s[i] === null ? "nothing began" : `${short(speech.first_s[i])}, 95 of 100 within ${short(speech.slow_s[i])}`), of: "speech" },
  { title: "Sentences a minute", draw: pace, said: ({ speech }, i) => Math.round(speech.segments_per_minute[i]).toLocaleString("en"), of: "speech" },
];

export function courses() {
  seconds = remembered.get("range", 300);
  for (const input of $("range").querySelectorAll("input")) {
    input.checked = Number(input.value) === seconds;
    input.addEventListener("change", () => {
      remembered.set("range", (seconds = Number(input.value)));
      cursor = null;
      refresh(true);
    });
  }
  for (const panel of PANELS) {
    panel.value = element("b", {}, "");
    panel.box = element("div", {});
    $("charts").append(element("div", { class: "chart" }, element("div", { class: "panel-head" }, element("span", {}, panel.title), panel.value), panel.box));
    panel.box.addEventListener("pointermove", (event) => point(event.clientX - panel.box.getBoundingClientRect().left, panel.box.clientWidth));
    panel.box.addEventListener("pointerleave", () => point(null));
  }
  new ResizeObserver(draw).observe($("charts"));
}

/** Asks for what was recorded, at most as often as it changes. */
export async function refresh(now = false) {
  const pause = seconds <= 300 ? 1900 : 9900;
  if (!now && performance.now() - askedAt < pause) return;
  askedAt = performance.now();
  const wanted = seconds;
  const found = await ask(`page/history?seconds=${wanted}`).catch(() => null);
  if (!found || wanted !== seconds) return;
  course = found;
  draw();
}

/** @param {{target: number, low: number, usable: number}} found what the pool aims at. */
export function aim(found) {
  limits = found;
}

/** The newest of what was told of speech: the tile's figures. */
export function latest() {
  const speech = course?.speech;
  const last = (list) => list?.findLast((value) => value !== null) ?? null;
  return { first: last(speech?.first_s), slow: last(speech?.slow_s), pace: last(speech?.pace) };
}

function point(x, width) {
  cursor = x === null ? null : Math.min(seconds, Math.max(0, seconds * (1 - (x - LEFT) / (width - LEFT - RIGHT))));
  if (course && limits) PANELS.forEach(mark);
}

function draw() {
  if (!course || !limits) return;
  for (const panel of PANELS) {
    panel.line = svg("line", { class: "cursor", y1: TOP, y2: HEIGHT });
    const words = `${panel.title}, over the last ${span(seconds)}. Now: ${said(panel, course[panel.of].ago_s.length - 1)}.`;
    panel.x = chart(panel.box, seconds, words, (x, width) => [...panel.draw(course[panel.of], x, width), panel.line]);
    mark(panel);
  }
}

const said = (panel, at) => (at < 0 ? "nothing recorded yet" : panel.said(course, at));

/** The cursor, and the value under it; the newest one without a cursor. */
function mark(panel) {
  const times = course[panel.of].ago_s, pointed = cursor !== null && times.length > 0;
  const at = pointed ? nearest(times, cursor) : times.length - 1;
  write(panel.value, said(panel, at) + (pointed ? `, ${span(times[at])} ago` : ""));
  panel.line.style.visibility = pointed ? "" : "hidden";
  for (const end of ["x1", "x2"]) panel.line.setAttribute(end, pointed ? panel.x(times[at]) : 0);
}

function nearest(times, ago) {
  let best = 0;
  for (let i = 1; i < times.length; i += 1) if (Math.abs(times[i] - ago) < Math.abs(times[best] - ago)) best = i;
  return best;
}

function busy(load, x, width) {
  const y = scale(100);
  return [...rules(width, y, [0, 50, 100], (n) => `${n} %`),
    svg("rect", { class: "band-area", x: LEFT, width: width - LEFT - RIGHT, y: y(limits.target), height: y(limits.low) - y(limits.target) }),
    level("target-line", width, y(limits.target)),
    ...lines(load.ago_s, load.utilization, x, y, "busy", true)];
}

function coresAndQueue(load, x, width) {
  const most = Math.max(limits.usable, ...load.cores), waits = Math.max(4, ...load.waiting);
  const y = scale(most), w = scale(waits);
  return [...profiles(x), ...rules(width, y, [0, most], String), ...lines(load.ago_s, load.waiting, x, w, "waits", true, false),
    label(width - RIGHT, TOP + 11, `${waits.toLocaleString("en")} waiting`, "end"),
    ...stretches(course.foreseen.ago_s, course.foreseen.cores).map((known) => path("foreseen-line", steps(spots(known, x, y)))),
    path("cores-line", steps(load.ago_s.map((ago, i) => [x(ago), y(load.cores[i])])))];
}

/** The cores that were foreseen for then. */
function foretold(ago) {
  const { ago_s: times, cores } = course.foreseen, n = times.length ? cores[nearest(times, ago)] : null;
  return n === null ? "" : ` (${n} foreseen)`;
}

/** When time profiles were in force, with their names. */
function profiles(x) {
  return course.profiles.flatMap(({ name, from_s: from, to_s: to }) => {
    const begin = Math.max(LEFT, x(from)), end = Math.max(begin + 1, x(to));
    return [svg("rect", { class: "profile-area", x: begin, width: end - begin, y: TOP, height: HEIGHT - TOP }, svg("title", {}, `Profile ${name}`)),
      end - begin > 60 ? label(begin + 4, HEIGHT - 6, name.slice(0, (end - begin) / 7), "start") : null];
  }).filter(Boolean);
}

function latency(speech, x, width) {
  const most = ceiling(Math.max(0.1, ...speech.slow_s.filter((s) => s !== null))), y = scale(most);
  return [...rules(width, y, [0, most / 2, most], (s) => (s ? short(s) : "0")),
    ...lines(speech.ago_s, speech.slow_s, x, y, "sound", true, false), ...lines(speech.ago_s, speech.first_s, x, y, "sound", false),
    ...dots(speech.ago_s, speech.first_s, x, y)];
}

function pace(speech, x, width) {
  const most = ceiling(Math.max(10, ...speech.segments_per_minute)), y = scale(most);
  return [...rules(width, y, [0, most], String), ...lines(speech.ago_s, speech.segments_per_minute, x, y, "pace", false)];
}

/** The next number that reads well: 1, 2 or 5 and noughts. */
function ceiling(value) {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * unit).find((n) => n >= value * 0.999);
}

/** Stretches of neighbours that are known; where nothing was recorded for long, there is a gap. */
function stretches(times, values) {
  const usual = times.length > 1 ? (times[0] - times.at(-1)) / (times.length - 1) : 0;
  const found = [[]];
  for (let i = 0; i < times.length; i += 1) {
    if (i && times[i - 1] - times[i] > Math.max(25, 4 * usual)) found.push([]);
    if (values[i] === null) found.push([]);
    else found.at(-1).push([times[i], values[i]]);
  }
  return found.filter((stretch) => stretch.length);
}

const spots = (stretch, x, y) => stretch.map(([ago, value]) => [x(ago), y(value)]);

function lines(times, values, x, y, kind, filled, line = true) {
  return stretches(times, values).flatMap((stretch) => [
    ...(filled ? [area(kind, spots(stretch, x, y))] : []), ...(line ? [path(`line-${kind}`, spots(stretch, x, y))] : [])]);
}

const dots = (times, values, x, y) => stretches(times, values).filter((stretch) => stretch.length === 1)
  .map(([[ago, value]]) => svg("circle", { cx: x(ago), cy: y(value), r: 2.5, class: "line-sound" }));

function area(kind, points) {
  return path(`area-${kind}`, [[points[0][0], HEIGHT], ...points, [points.at(-1)[0], HEIGHT]]);
}
