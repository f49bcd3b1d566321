// Numbers, times and languages as people write them.

/** "1 word", "2 words". */
export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** 75 → "1:15", 3675 → "1:01:15": a place in something that is played. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** How long something takes: "8 s", "3 min", "2 h 5 min". */
export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** With a capital letter at its begin. */
export const capital = (text) => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());

/** A short time: "85 ms", "1.2 s". */
export function short(seconds) {
  return seconds < 0.995 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
}

export const bytes = (number) => (number < 1e6 ? `${Math.ceil(number / 1e3)} kB` : `${(number / 1e6).toFixed(number < 1e7 ? 1 : 0)} MB`);

export const timeOfDay = (date) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** What a book, or a chapter of it, is called. */
export const titleOf = ({ title, name, number }) => title || name || `Chapter ${number}`;

const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

/** "en-GB" → "British English". */
export function language(tag) {
  if (tag === "und") return "Any language";
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}
