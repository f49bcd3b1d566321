// The box that speaks: raw PCM as it comes, handed to the sound card piece by piece.

import { ask, request } from "./api.js";
import { $, element, write } from "./dom.js";

const RATE = 24000; // Of the gateway's `pcm`.
const LEAD_S = 0.05; // Before the first piece, so that the second is there in time.

let running = null;

export function speech() {
  $("speak-form").addEventListener("submit", (event) => {
    event.preventDefault();
    speak();
  });
  $("hush").addEventListener("click", () => running?.stop());
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("speak-form").requestSubmit();
  });
}

// Voices of the supervisor, where none are listed yet, or where it is another one.
export async function loadVoices(another) {
  if ($("voice").options.length && !another) return;
  const chosen = $("voice").value;
  const { voices: known } = await ask("v1/audio/voices").catch(() => ({ voices: [] }));
  const groups = Map.groupBy(known, (voice) => voice.model);
  $("voice").replaceChildren(...[...groups].map(([model, list]) => element("optgroup", { label: model },
    ...list.map((voice) => element("option", { value: `${model}/${voice.id}` }, `${voice.name} (${voice.language})`)))));
  if (known.some((voice) => `${voice.model}/${voice.id}` === chosen)) $("voice").value = chosen;
}

async function speak() {
  running?.stop();
  const player = (running = new Player());
  buttons(true);
  const [model, voice] = $("voice").value.split("/");
  const body = { input: $("text").value, response_format: "pcm", speed: Number($("speed").value) };
  if (voice) Object.assign(body, { model, voice });
  try {
    say("asking …");
    const response = await request("v1/audio/speech", body, player.aborted.signal);
    for await (const bytes of read(response.body)) player.add(bytes);
    await player.finished();
    if (running === player) say(`${player.summary()}, played to the end`);
  } catch (error) {
    if (running === player) say(error.name === "AbortError" ? "stopped" : error.message, error.name !== "AbortError");
  } finally {
    player.close();
    if (running === player) buttons(false);
  }
}

async function* read(body) {
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}

function buttons(speaking) {
  $("hush").disabled = !speaking;
}

function say(text, bad = false) {
  $("spoken").classList.toggle("bad", bad);
  write("spoken", text);
}

class Player {
  constructor() {
    this.started = performance.now();
    this.aborted = new AbortController();
    this.context = new AudioContext({ sampleRate: RATE });
    this.rest = new Uint8Array();
    this.peaks = [];
    this.seconds = 0;
    this.end = 0;
    this.firstMs = null;
  }

  add(bytes) {
    const joined = new Uint8Array(this.rest.length + bytes.length);
    joined.set(this.rest);
    joined.set(bytes, this.rest.length);
    const whole = joined.length - (joined.length % 2);
    this.rest = joined.slice(whole);
    if (!whole) return;
    this.firstMs ??= performance.now() - this.started;
    const view = new DataView(joined.buffer, 0, whole);
    const samples = Float32Array.from({ length: whole / 2 }, (_, i) => view.getInt16(2 * i, true) / 32768);
    this.schedule(samples);
    this.draw(samples);
    say(`${this.summary()}, playing …`);
  }

  schedule(samples) {
    const buffer = this.context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    this.end = Math.max(this.end, this.context.currentTime + LEAD_S);
    source.start(this.end);
    this.end += buffer.duration;
    this.seconds += buffer.duration;
    this.source = source;
  }

  finished() {
    return new Promise((resolve, reject) => {
      this.aborted.signal.addEventListener("abort", () => reject(this.aborted.signal.reason));
      if (!this.source || this.context.currentTime >= this.end) resolve();
      else this.source.addEventListener("ended", resolve);
    });
  }

  summary() {
    return `first audio after ${this.firstMs?.toFixed(0) ?? "–"} ms, ${this.seconds.toFixed(1)} s of speech`;
  }

  draw(samples) {
    const step = RATE / 50;
    for (let i = 0; i < samples.length; i += step) {
      this.peaks.push(samples.subarray(i, i + step).reduce((most, x) => Math.max(most, Math.abs(x)), 0));
    }
    const canvas = $("wave"), pen = canvas.getContext("2d");
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    pen.fillStyle = getComputedStyle(canvas).color;
    const bars = Math.floor(canvas.clientWidth / 4), size = Math.max(1, Math.ceil(this.peaks.length / bars));
    for (let bar = 0; bar * size < this.peaks.length; bar += 1) {
      const height = Math.max(2, Math.max(...this.peaks.slice(bar * size, (bar + 1) * size)) * canvas.height * 0.95);
      pen.fillRect(bar * 4 * devicePixelRatio, (canvas.height - height) / 2, 2.6 * devicePixelRatio, height);
    }
  }

  stop() {
    this.aborted.abort();
  }

  close() {
    this.aborted.abort();
    this.context.close();
  }
}
