// Charts over the time until now: their frame, lines and words.

import { svg } from "./dom.js";
import { clock, span } from "./words.js";

export const LEFT = 50, RIGHT = 8, TOP = 8, HEIGHT = 96;
const FOOT = 18;

/**
 * Draws a chart anew; returns where in it something is that was so many seconds ago.
 * @param {(x: (ago: number) => number, width: number) => Element[]} parts
 */
export function chart(box, seconds, words, parts) {
  const width = box.clientWidth || 600;
  const x = (ago) => LEFT + (1 - ago / Math.max(1, seconds)) * (width - LEFT - RIGHT);
  box.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${HEIGHT + FOOT}`, role: "img", "aria-label": words }, ...parts(x, width), ...axis(x, width, seconds)));
  return x;
}

export const scale = (most) => (value) => HEIGHT - (Math.min(most, value) / most) * (HEIGHT - TOP);

export const label = (x, y, text, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);

export const level = (kind, width, y) => svg("line", { class: kind, x1: LEFT, x2: width - RIGHT, y1: y, y2: y });

/** A line through these points, [x, y] each. */
export function path(kind, points) {
  return svg("path", { class: kind, d: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") });
}

/** The points of a line that goes on level until the next value. */
export const steps = (points) => points.flatMap(([x, y], i) => (i ? [[x, points[i - 1][1]], [x, y]] : [[x, y]]));

export const rules = (width, y, values, say) => values.flatMap((value) => [level("grid", width, y(value)), label(LEFT - 6, y(value) + 4, say(value), "end")]);

function axis(x, width, seconds) {
  const parts = width < 460 ? 2 : 4;
  return Array.from({ length: parts + 1 }, (_, i) => {
    const ago = seconds * (1 - i / parts);
    return label(x(ago), HEIGHT + FOOT - 3, ago ? `−${ago < 3600 ? clock(ago) : span(ago)}` : "now", i === 0 ? "start" : i === parts ? "end" : "middle");
  });
}
