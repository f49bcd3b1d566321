// Lines and words of charts.

import { svg } from "./dom.js";

export const label = (x, y, text, anchor) => svg("text", { x, y, "text-anchor": anchor }, text);

/** A line through these points, [x, y] each. */
export function path(kind, points) {
  return svg("path", { class: kind, d: points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("") });
}

/** The points of a line that goes on level until the next value. */
export const steps = (points) => points.flatMap(([x, y], i) => (i ? [[x, points[i - 1][1]], [x, y]] : [[x, y]]));
