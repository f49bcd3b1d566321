// The player of audiobooks at the foot of the page; it remembers where one stopped listening.

import { key, request } from "./api.js";
import { cardOf, coverOf, cover, updateCard } from "./book-card.js";
import { $, playKey, remembered, write } from "./dom.js";
import { clock, titleOf } from "./words.js";

const KEEP_MS = 4000;

/** @type {{book: object, number: number} | null} */
let playing = null;
let waits = false; // For its chapter to be spoken.
let keptAt = 0, others = () => {}, address = null;

export function dock(then) {
  others = then;
  const audio = $("dock-audio");
  $("dock-rate").value = String(remembered.get("listening-rate", 1));
  $("dock-play").addEventListener("click", () => (audio.paused ? start() : audio.pause()));
  $("dock-back").addEventListener("click", () => jump(-15));
  $("dock-forward").addEventListener("click", () => jump(30));
  $("dock-close").addEventListener("click", close);
  $("dock-seek").addEventListener("input", () => (audio.currentTime = Number($("dock-seek").value)));
  $("dock-rate").addEventListener("change", () => remembered.set("listening-rate", (audio.playbackRate = Number($("dock-rate").value))));
  document.addEventListener("keydown", (event) => {
    const inDock = $("dock").contains(event.target) && !["BUTTON", "SELECT"].includes(event.target.tagName);
    if (event.key !== " " || $("dock").hidden || !(inDock || event.target === document.body)) return;
    event.preventDefault();
    $("dock-play").click();
  });
  for (const kind of ["timeupdate", "play", "pause", "loadedmetadata", "seeked"]) audio.addEventListener(kind, draw);
  audio.addEventListener("pause", () => keep(true));
  audio.addEventListener("ended", next);
  audio.addEventListener("error", () => playing && audio.getAttribute("src") && say("This chapter cannot be played now."));
  addEventListener("pagehide", () => keep(true));
  const media = navigator.mediaSession;
  media?.setActionHandler("play", start);
  media?.setActionHandler("pause", () => audio.pause());
  media?.setActionHandler("seekbackward", () => jump(-15));
  media?.setActionHandler("seekforward", () => jump(30));
}

export const pauseBook = () => $("dock-audio").pause();

/** Where one stopped listening to a book; null where one has not begun. @returns {{number: number, seconds: number} | null} */
export const placeOf = (id) => remembered.get(`place:${id}`, null);

/** The chapter of this book that is in the player; null for none. */
export const nowPlaying = (id) => (playing?.book.id === id ? playing.number : null);

/** Plays a book from where one was, or this chapter from its beginning. */
export function listen(book, number = null) {
  const place = number === null ? placeOf(book.id) : { number, seconds: 0 };
  if (chapterOf(book, place?.number)?.state === "done") return open(book, place.number, place.seconds);
  const first = book.chapters.find((chapter) => chapter.state === "done");
  if (first) open(book, first.number, 0);
}

/** News of a book from the server; null where it is gone. */
export function bookChanged(id, book) {
  if (playing?.book.id !== id) return;
  if (!book) return close();
  playing.book = book;
  if (waits && chapterOf(book, playing.number)?.state === "done") open(book, playing.number, 0);
  else if (waits) waiting();
}

const chapterOf = (book, number) => book.chapters.find((chapter) => chapter.number === number);

async function open(book, number, seconds) {
  const audio = $("dock-audio");
  keep(true);
  const another = playing?.book.id !== book.id, before = playing?.book;
  playing = { book, number };
  waits = false;
  others();
  $("dock").hidden = false;
  document.body.classList.add("docked");
  const chapter = chapterOf(book, number);
  write("dock-title", titleOf(book));
  say(titleOf(chapter));
  if (another) picture(book);
  for (const one of [before, book]) if (one && cardOf(one.id)) updateCard(cardOf(one.id), one);
  try {
    const source = await sourceOf(`v1/books/${encodeURIComponent(book.id)}/chapters/${number}`);
    if (playing?.book.id !== book.id || playing.number !== number) return;
    audio.src = source;
    audio.playbackRate = audio.defaultPlaybackRate = Number($("dock-rate").value);
    audio.currentTime = seconds;
    await audio.play();
  } catch (error) {
    if (error.name !== "AbortError" && error.name !== "NotAllowedError") say("This chapter cannot be played now.");
  }
  if (navigator.mediaSession) {
    navigator.mediaSession.metadata = new MediaMetadata({ title: titleOf(chapter), artist: book.author ?? "", album: titleOf(book) });
  }
}

/** An element for audio can send no key, so with one the chapter is fetched first. */
async function sourceOf(path) {
  if (address) URL.revokeObjectURL(address);
  address = null;
  if (!key()) return path;
  say("Fetching the chapter …");
  const blob = await (await request(path)).blob();
  say(titleOf(chapterOf(playing.book, playing.number) ?? playing));
  return (address = URL.createObjectURL(blob));
}

async function picture(book) {
  const { className, textContent } = cover({ ...book, cover: false });
  $("dock-letter").className = className;
  $("dock-letter").textContent = textContent;
  $("dock-letter").hidden = false;
  $("dock-cover").hidden = true;
  if (!book.cover) return;
  const source = await coverOf(book.id).catch(() => null);
  if (!source || playing?.book.id !== book.id) return;
  $("dock-cover").src = source;
  $("dock-cover").hidden = false;
  $("dock-letter").hidden = true;
}

function start() {
  others();
  $("dock-audio").play().catch(() => {});
}

function jump(seconds) {
  const audio = $("dock-audio");
  audio.currentTime = Math.max(0, Math.min(audio.duration || 0, audio.currentTime + seconds));
}

function next() {
  const { book, number } = playing, following = book.chapters.find((chapter) => chapter.number > number && chapter.state !== "failed");
  if (!following) {
    remembered.set(`place:${book.id}`, null);
    return say("The end");
  }
  playing.number = following.number;
  if (following.state === "done") return open(book, following.number, 0);
  waits = true;
  waiting();
}

function waiting() {
  const chapter = chapterOf(playing.book, playing.number);
  say(`Waits for chapter ${playing.number}${chapter?.state === "speaking" ? `: ${Math.round(100 * chapter.progress)} % spoken` : ""}`);
}

function keep(now) {
  const audio = $("dock-audio");
  if (!playing || waits || audio.ended || !audio.currentTime || (!now && performance.now() - keptAt < KEEP_MS)) return;
  keptAt = performance.now();
  remembered.set(`place:${playing.book.id}`, { number: playing.number, seconds: audio.currentTime });
}

function close() {
  const audio = $("dock-audio"), book = playing?.book;
  audio.pause();
  audio.removeAttribute("src");
  playing = null;
  $("dock").hidden = true;
  document.body.classList.remove("docked");
  if (book && cardOf(book.id)) updateCard(cardOf(book.id), book);
}

function say(text) {
  write("dock-chapter", text);
}

function draw() {
  const audio = $("dock-audio"), length = Number.isFinite(audio.duration) ? audio.duration : 0;
  playKey($("dock-play"), !audio.paused);
  $("dock-seek").max = length || 1;
  $("dock-seek").value = audio.currentTime;
  $("dock-seek").setAttribute("aria-valuetext", `${clock(audio.currentTime)} of ${clock(length)}`);
  write("dock-at", clock(audio.currentTime));
  write("dock-length", length ? clock(length) : "–:––");
  keep(false);
}
