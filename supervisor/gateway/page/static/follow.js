// Marks the word that is heard, on a sheet beneath the text that can still be edited.

import { $ } from "./dom.js";

const PATIENCE_MS = 4000; // After the person scrolled, the text is left where it is.

let words = [], text = "", places = null, shown = -1, scrolledAt = -Infinity, ours = false;

export function following() {
  const area = $("text");
  area.addEventListener("scroll", () => {
    if (!ours) scrolledAt = performance.now();
    ours = false;
    $("mirror").scrollTop = area.scrollTop;
  });
  new ResizeObserver(() => mark(shown)).observe(area);
}

/** A text begins to be spoken. */
export function beginText(spoken) {
  text = spoken;
  words = [];
  places = /[\ud800-\udfff]/.test(text) ? utf16(text) : null;
  $("mirrored").textContent = `${text}\n`;
  scrolledAt = -Infinity;
  mark(-1);
}

/** @param {{start: number, end: number, text_start: number | null, text_end: number | null}[]} more */
export function addWords(more) {
  for (const word of more) if (word.text_start !== null) words.push(word);
}

/** Characters of the text that are spoken by the end of the words that came. */
export const reached = () => words.at(-1)?.text_end ?? 0;

/** The word that is heard at `seconds`; null marks none. */
export function follow(seconds) {
  let found = -1;
  if (seconds !== null && $("text").value === text) {
    let low = 0, high = words.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (words[middle].start <= seconds) low = middle + 1;
      else high = middle;
    }
    found = low - 1;
  }
  if (found !== shown) mark(found);
}

/** The time at which the word at this place of the text is heard; null where it is not known. */
export function timeAt(place) {
  if ($("text").value !== text) return null;
  return words.find((word) => index(word.text_end) > place)?.start ?? null;
}

function mark(found) {
  shown = found;
  const node = $("mirrored").firstChild, spot = $("mark");
  const word = words[found];
  spot.hidden = !word || !node;
  $("page-of-text").dataset.word = word ? text.slice(index(word.text_start), index(word.text_end)) : "";
  if (spot.hidden) return;
  const range = document.createRange();
  range.setStart(node, index(word.text_start));
  range.setEnd(node, Math.max(index(word.text_start), index(word.text_end)));
  const sheet = $("mirror"), area = $("text"), box = range.getBoundingClientRect(), origin = sheet.getBoundingClientRect();
  const top = box.top - origin.top + sheet.scrollTop;
  Object.assign(spot.style, {
    translate: `${box.left - origin.left - 3}px ${top - 1}px`, width: `${box.width + 6}px`, height: `${box.height + 2}px`,
  });
  const above = top < area.scrollTop + 8, below = top + box.height > area.scrollTop + area.clientHeight - 8;
  if ((above || below) && performance.now() - scrolledAt > PATIENCE_MS) {
    ours = true;
    area.scrollTop = sheet.scrollTop = Math.max(0, top - area.clientHeight / 3);
  }
}

/** Places are told in characters; a string of JavaScript counts some of them twice. */
const index = (place) => (places ? places[Math.min(place, places.length - 1)] : place);

function utf16(string) {
  const found = [];
  let at = 0;
  for (const char of string) {
    found.push(at);
    at += char.length;
  }
  found.push(at);
  return found;
}
