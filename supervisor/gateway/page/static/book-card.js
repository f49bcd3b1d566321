// One audiobook: its cover, how far it is, what can be done with it, and its chapters.

import { key, request } from "./api.js";
import { listen, nowPlaying, placeOf } from "./dock.js";
import { $, button, element, icon, saveAs, write } from "./dom.js";
import { capital, clock, count, span, titleOf } from "./words.js";

const SURE_MS = 4000;

/** @param {(id: string, what: string) => Promise<void>} act */
export function bookCard(book, act) {
  const message = element("p", { class: "bad", role: "alert", hidden: true });
  const attempt = (what) => act(book.id, what).then(() => (message.hidden = true), (error) => {
    message.hidden = false;
    write(message, error.message);
  });
  let sure = null;
  const remove = button({ class: "ghost delete" }, () => {
    if (sure) return attempt("delete");
    write(remove, "Really delete?");
    sure = setTimeout(() => {
      sure = null;
      write(remove, "Delete");
    }, SURE_MS);
  }, "Delete");
  const card = element("li", { class: "card book", id: `book-${book.id}` },
    cover(book), element("div", {}, element("h3", {}, titleOf(book)), element("p", { class: "by" }), element("p", { class: "state" }),
      element("div", { class: "progress", role: "progressbar", "aria-label": "Spoken", "aria-valuemin": 0, "aria-valuemax": 100 }, element("i")), message,
      element("div", { class: "buttons" },
        button({ class: "primary listen" }, () => listen(card.book), icon("play", "small"), element("span", {}, "Listen")),
        button({ class: "pause" }, () => attempt(card.book.state === "paused" || card.book.state === "failed" ? "resume" : "pause"), "Pause"),
        link(`v1/books/${book.id}/audiobook.m4b`, `${file(titleOf(book))}.m4b`, "whole", message, element("span", {}, "Download the book")), remove)),
    element("details", { class: "chapters" }, element("summary"), element("ol")));
  return card;
}

/** Shows what is known of the book now. */
export function updateCard(card, book) {
  const before = card.book;
  card.book = book;
  card.classList.toggle("paused", book.state === "paused");
  card.dataset.state = book.state;
  const find = (selector) => card.querySelector(selector);
  write(find("h3"), titleOf(book));
  write(find(".by"), [book.author, book.voice && `read by ${spoken(book.voice)}${book.speed && book.speed !== 1 ? `, ${book.speed}×` : ""}`].filter(Boolean).join(" · "));
  write(find(".state"), stateOf(book));
  find(".state").classList.toggle("bad", book.state === "failed");
  const percent = Math.round(100 * (book.progress ?? 0));
  find(".progress").hidden = book.state === "done";
  find(".progress").setAttribute("aria-valuenow", percent);
  find(".progress i").style.width = `${percent}%`;
  const ready = book.chapters.some((chapter) => chapter.state === "done");
  find(".listen").disabled = !ready;
  write(find(".listen span"), placeOf(book.id) ? "Continue listening" : "Listen");
  find(".pause").hidden = book.state === "done";
  write(find(".pause"), book.state === "paused" ? "Resume" : book.state === "failed" ? "Try again" : "Pause");
  find(".whole").hidden = book.state !== "done";
  const done = book.chapters.filter((chapter) => chapter.state === "done").length;
  find(".chapters").hidden = !book.chapters.length;
  write(find("summary"), `${count(book.chapters.length, "chapter")}${book.state === "done" ? "" : `, ${done} ready`}`);
  if (!before || JSON.stringify(before.chapters) !== JSON.stringify(book.chapters) || card.playing !== nowPlaying(book.id)) chapters(card, book);
  for (const one of card.querySelectorAll(".chapters button")) one.disabled = false;
}

function stateOf(book) {
  const left = book.remaining_s ? `, about ${span(book.remaining_s)} left` : "";
  const at = book.chapters.find((chapter) => chapter.state === "speaking"), heard = book.seconds_spoken ? `${clock(book.seconds_spoken)} spoken` : "";
  switch (book.state) {
    case "queued": return book.error?.message ?? "Waits for its turn";
    case "paused": return `Paused${heard && `, ${heard}`}`;
    case "done": return `Ready: ${span(book.seconds_spoken)} to listen to`;
    case "failed": return book.error?.message ?? "It could not be spoken";
  }
  if (book.error) return book.error.message;
  return `${at ? `Speaking chapter ${at.number} of ${book.chapters.length}` : "Being read"}${left}`;
}

function chapters(card, book) {
  const playing = (card.playing = nowPlaying(book.id)), list = card.querySelector("ol");
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  list.replaceChildren(...book.chapters.map((chapter) => {
    const done = chapter.state === "done", title = titleOf(chapter);
    const told = done ? (chapter.duration_s === null ? "" : clock(chapter.duration_s)) : chapter.state === "speaking" ? `${Math.round(100 * chapter.progress)} %` : chapter.state === "failed" ? "failed" : "";
    return element("li", { class: chapter.number === playing ? "now" : null, "aria-current": chapter.number === playing ? "true" : null },
      done ? button({ class: "round small-round", "aria-label": `Listen to ${title}`, "data-key": `play-${chapter.number}` }, () => listen(card.book, chapter.number), icon("play", "small")) : element("span", { class: "spacer" }),
      element("b", {}, title), element("span", { class: chapter.state === "failed" ? "bad" : "quiet" }, told),
      done ? link(`v1/books/${book.id}/chapters/${chapter.number}`, null, "round quiet-button small-round", card.querySelector(".bad[role=alert]"), icon("load", "small"), element("span", { class: "hidden" }, `Download ${title}`)) : element("span", { class: "spacer" }));
  }));
  if (focused) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** A link to a file; where a key is needed the file is fetched with it, as a link has none. */
function link(path, name, kind, message, ...children) {
  const node = element("a", { class: `button ${kind}`, href: path, download: name ?? "" }, ...children);
  node.addEventListener("click", async (event) => {
    if (!key()) return;
    event.preventDefault();
    const words = node.querySelector("span:not(.hidden)"), before = words?.textContent;
    if (words) write(words, "Fetching …");
    try {
      const response = await request(path);
      const told = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
      saveAs(await response.blob(), name ?? (told ? decodeURIComponent(told) : "chapter.mp3"));
    } catch (error) {
      message.hidden = false;
      write(message, error.message);
    }
    if (words) write(words, before);
  });
  return node;
}

/** The cover of the book, or its first letter on a colour of its own. */
export function cover(book) {
  const title = titleOf(book);
  const letter = element("div", { class: `cover slot-${[...title].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 8, 7)}`, "aria-hidden": "true" }, /[\p{L}\p{N}]/u.exec(title.replace(/^(the|an?) /i, ""))?.[0].toUpperCase() ?? "•");
  if (book.cover) {
    coverOf(book.id).then((source) => letter.replaceWith(element("img", { class: "cover", src: source, alt: `Cover of ${title}` })), () => {});
  }
  return letter;
}

const covers = new Map();

const fetched = async (path) => (key() ? URL.createObjectURL(await (await request(path)).blob()) : path);

/** An address of the cover that an image can have: with a key it has to be fetched. */
export function coverOf(id) {
  if (!covers.has(id)) {
    const path = `v1/books/${encodeURIComponent(id)}/cover`;
    covers.set(id, fetched(path));
  }
  return covers.get(id).catch((error) => {
    covers.delete(id); // It may come another time.
    throw error;
  });
}

const spoken = (voice) => voice.split("+").map((part) => capital(part.replace(/^[a-z][fm]_/, "").replace(/\(.*/, ""))).join(" + ");
const file = (title) => title.replaceAll(/[^\p{L}\p{N} .,'()-]+/gu, " ").trim().slice(0, 80) || "audiobook";

export const cardOf = (id) => $(`book-${id}`);
