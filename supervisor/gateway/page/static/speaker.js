// The box that speaks: from the text to its sound, its file, and what went wrong.

import { Refused, request } from "./api.js";
import { described, terms } from "./choice.js";
import { $, ofTab, playKey, remembered, saveAs, write } from "./dom.js";
import { addWords, beginText, follow, following, reached, timeAt } from "./follow.js";
import { Playback, RATE } from "./playback.js";
import { pieces } from "./sse.js";
import { drawWave } from "./wave.js";
import { capital, clock, short } from "./words.js";

const LONGEST_S = 3600; // Of a text that is kept in this page: 173 MB.
const DRAFT = "draft";
const MUCH = 50_000; // Characters of a paste.

const playback = new Playback();
let stream = null; // AbortController of what is being received.
let last = null; // The request that was spoken last, for its file.
let clickedAt = null; // When Speak was pressed, until it is heard.
let firstMs = null; // From the click to the first sound.
let reported = null; // What is said of the text that is spoken; null where it is something else.
let expected = 0; // Seconds that all of it will take, as far as one can tell.
let saving = null;
let others = () => {};

/** `then` is called when this begins to sound, so that other players stop. */
export function speaker(then) {
  others = then;
  $("text").value = ofTab.get(DRAFT, $("text").value);
  $("format").value = remembered.get("format", "mp3");
  $("volume").value = playback.volume = remembered.get("volume", 1);
  $("speak-form").addEventListener("submit", (event) => {
    event.preventDefault();
    speak();
  });
  $("text").addEventListener("input", () => ofTab.set(DRAFT, $("text").value));
  $("text").addEventListener("paste", paste);
  $("text").addEventListener("dblclick", () => {
    const time = timeAt($("text").selectionStart);
    if (time !== null) playback.seek(time);
  });
  document.addEventListener("keydown", keys);
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => playback.wake(), { once: true });
  $("play").addEventListener("click", toggle);
  $("hush").addEventListener("click", hush);
  $("save").addEventListener("click", save);
  $("format").addEventListener("change", () => remembered.set("format", $("format").value));
  $("volume").addEventListener("input", () => remembered.set("volume", (playback.volume = Number($("volume").value))));
  $("seek").addEventListener("input", () => playback.seek(Number($("seek").value)));
  for (const kind of ["change", "more", "end"]) playback.addEventListener(kind, draw);
  playback.addEventListener("change", () => playback.playing && requestAnimationFrame(frame));
  playback.addEventListener("end", () => follow(null));
  new ResizeObserver(draw).observe($("wave"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  following();
  if (/Mac|iP/.test(navigator.platform)) write("spoken", $("spoken").textContent.replace("Ctrl", "⌘"));
  draw();
}

export const quiet = () => playback.pause();

function keys(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !$("speak").disabled && !document.querySelector("dialog[open]")) {
    event.preventDefault();
    $("speak-form").requestSubmit();
  }
  const inPlayer = $("player").contains(event.target) && !["SELECT", "BUTTON"].includes(event.target.tagName);
  const nowhere = event.target === document.body && $("dock").hidden && playback.received > 0;
  if (event.key === " " && (inPlayer || nowhere)) {
    event.preventDefault();
    toggle();
  }
  if (event.key === "Escape" && (stream || playback.playing) && !document.querySelector("dialog[open]")) hush();
}

/** Puts much text in at once: line by line, as Chromium does over a selection, a book takes minutes. */
function paste(event) {
  const pasted = event.clipboardData.getData("text/plain"), area = $("text");
  if (pasted.length < MUCH) return;
  event.preventDefault();
  area.setRangeText(pasted, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input"));
}

function toggle() {
  if (playback.playing) return playback.pause();
  if (!playback.received && !stream) return;
  others();
  playback.play();
}

async function speak() {
  const input = $("text").value;
  if (!input.trim()) return say("There is nothing to say yet: write a text above.", true);
  const asked = terms();
  if (!asked) return say("The voices are not known yet.", true);
  clickedAt = performance.now();
  firstMs = null;
  delete $("player").dataset.firstMs;
  stream?.abort();
  const mine = (stream = new AbortController());
  playback.clear();
  others();
  playback.play();
  last = { ...asked, input, seed: Math.floor(Math.random() * 2 ** 31) };
  expected = 0;
  beginText(input);
  leftOut(null);
  report("Speaking …");
  draw();
  try {
    const body = { ...last, response_format: "pcm", sample_rate: RATE, stream_format: "sse", timestamp_granularities: ["word"] };
    const response = await request("v1/audio/speech", { body, signal: mine.signal });
    leftOut(response.headers.get("X-Left-Out"));
    await receive(response.body, mine);
  } catch (error) {
    if (mine === stream && error.name !== "AbortError") failed(error);
  } finally {
    if (mine === stream) {
      stream = null;
      playback.finish();
    }
  }
}

async function receive(body, mine) {
  for await (const { samples, words } of pieces(body)) {
    if (mine.signal.aborted) return;
    addWords(words);
    if (samples) playback.add(samples);
    guess();
    if (playback.received > LONGEST_S) {
      mine.abort();
      return say("An hour has come, which is as much as this box keeps. Drop the text below as a file to have all of it.", true);
    }
  }
  expected = playback.received;
  if (!expected) return say("Nothing in this text can be spoken.", true);
  report(`${clock(playback.received)} of speech`);
}

/** Says how it stands, with how soon the first sound was heard as soon as it was. */
function report(text) {
  reported = text;
  say(firstMs === null ? text : `${text.replace(" …", "")}, first sound after ${short(firstMs / 1000)}`);
}

/** Looks whether the first sound has left the sound card by now, and how long after the click that was. */
function heard() {
  if (clickedAt === null || playback.position <= 0) return;
  firstMs = performance.now() - clickedAt - playback.position * 1000 + playback.latency * 1000;
  clickedAt = null;
  $("player").dataset.firstMs = firstMs.toFixed(0);
  if (reported !== null) report(reported);
}

/** How long all of it will be, from how far the words have come. */
function guess() {
  const part = reached() / Math.max(1, last.input.length);
  if (reached() > 20) expected = Math.max(playback.received, playback.received / Math.min(1, part));
}

function failed(error) {
  const came = playback.received;
  const what = error instanceof Refused ? error.message : "Something went wrong in this page.";
  say(came ? `${sentence(what)} The ${clock(came)} that had come can still be played.` : sentence(what), true);
}

const sentence = (text) => capital(text).replace(/([^.!?…])$/u, "$1.");

function hush() {
  stream?.abort();
  stream = null;
  playback.pause();
  playback.finish();
  follow(null);
  say(playback.received ? `Stopped. ${clock(playback.received)} can be played.` : "Stopped.");
}

async function save() {
  if (saving) return saving.abort();
  const input = $("text").value, asked = terms();
  if (!input.trim() || !asked) return say("There is nothing to save yet: write a text above.", true);
  const same = last && last.input === input && last.model === asked.model && last.voice === asked.voice && last.speed === asked.speed;
  const format = $("format").value;
  saving = new AbortController();
  saveKey("Cancel", "cross");
  say("Making the file …");
  try {
    const body = { ...asked, input, ...(same ? { seed: last.seed } : {}), response_format: format, stream: false };
    const response = await request("v1/audio/speech", { body, signal: saving.signal });
    const blob = await response.blob();
    saveAs(blob, `${name(input)}.${format}`);
    say(`Saved as ${name(input)}.${format}, read by ${described()}.`);
  } catch (error) {
    say(error.name === "AbortError" ? "No file was made." : sentence(error.message), error.name !== "AbortError");
  } finally {
    saving = null;
    saveKey("Download", "load");
  }
}

function saveKey(word, name) {
  write("save-word", word);
  $("save").querySelector("use").setAttribute("href", `#i-${name}`);
}

/** A file's name from the first words of a text. */
const name = (text) => text.match(/[\p{L}\p{N}]+/gu)?.slice(0, 6).join("-").slice(0, 60) ?? "speech";

function say(text, bad = false) {
  if (!text.startsWith(reported?.replace(" …", "") ?? "\0")) reported = null;
  $("spoken").classList.toggle("bad", bad);
  write("spoken", text);
}

function leftOut(told) {
  $("left-out").hidden = !told;
  write("left-out", told ? `Not spoken: ${told}.` : "");
}

function frame() {
  heard();
  draw();
  if (playback.playing) requestAnimationFrame(frame);
}

function draw() {
  const { position, received, playing } = playback, known = received > 0;
  const length = Math.max(received, expected, 0.01);
  if (playing) follow(known ? position : null);
  playKey($("play"), playing);
  $("play").disabled = !known && !stream;
  $("hush").disabled = !stream && !playing;
  $("seek").disabled = !known;
  $("seek").max = length.toFixed(2);
  $("seek").value = position;
  $("seek").setAttribute("aria-valuetext", `${clock(position)} of ${clock(length)}`);
  write("at", clock(position));
  write("length", playback.whole && known ? clock(length) : expected ? `about ${clock(length)}` : "–:––");
  drawWave($("wave"), playback.peaks, known ? length : 1, position);
}

