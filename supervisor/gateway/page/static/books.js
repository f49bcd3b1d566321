// Audiobooks: what the server makes of files, one card for each.

import { Refused, ask, request } from "./api.js";
import { bookCard, updateCard } from "./book-card.js";
import { $ } from "./dom.js";
import { bookChanged } from "./dock.js";
import { uploads } from "./upload.js";

const SOON_MS = 1500, LATER_MS = 15_000;

/** @type {Map<string, {book: object, card: HTMLElement}>} */
const shown = new Map();
let timer = null, asking = false, there = null;

export function books() {
  uploads(refreshBooks);
  document.addEventListener("visibilitychange", () => document.hidden || there === false || refreshBooks());
}

/** The supervisor answers: ask whether it makes books, where that is not known. */
export function offerBooks(another) {
  if (there === null || another) refreshBooks();
}

export async function refreshBooks() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  let wait = SOON_MS * 2;
  try {
    const found = (await ask("v1/books")).books;
    there = true;
    show(found);
    wait = found.some((book) => book.state === "speaking" || book.state === "queued") ? SOON_MS : LATER_MS;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) there = false; // It makes none.
    if (error instanceof Refused && error.status === 401) return void (there = null); // Until there is a key.
  } finally {
    asking = false;
  }
  $("books-part").hidden = $("to-books").hidden = there !== true;
  if (there) timer = setTimeout(refreshBooks, wait);
}

function show(found) {
  const ids = new Set(found.map((book) => book.id));
  for (const [id, { card }] of shown) {
    if (ids.has(id)) continue;
    card.remove();
    shown.delete(id);
    bookChanged(id, null);
  }
  // The newest first; a card that stands right is not touched, so that it keeps the focus.
  for (const [index, book] of found.toSorted((a, b) => b.created_at - a.created_at).entries()) {
    const card = shown.get(book.id)?.card ?? bookCard(book, act);
    updateCard(card, book);
    if ($("books").children[index] !== card) $("books").insertBefore(card, $("books").children[index] ?? null);
    shown.set(book.id, { book, card });
    bookChanged(book.id, book);
  }
}

/** Pauses, resumes or deletes a book. @param {"pause" | "resume" | "delete"} what */
async function act(id, what) {
  const path = `v1/books/${encodeURIComponent(id)}`;
  await (what === "delete" ? request(path, { method: "DELETE" }) : request(`${path}/${what}`, { method: "POST" }));
  await refreshBooks();
}
