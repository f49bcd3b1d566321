// Plays samples while they come: what was received can be paused and sought.

export const RATE = 24_000; // Samples a second.

const AHEAD_S = 4; // Handed to the sound card in advance; timers of a hidden page come once a second.
const PIECE_S = 0.5;
const LEAD_S = 0.02; // Before the first piece, so that the second is there in time.
const PUMP_MS = 100;
const BAR = RATE / 50; // Samples of a peak.

/**
 * Received samples, and where in them we are. Events: "change" where it plays, stops, or is sought;
 * "more" where samples came; "end" where all was heard.
 */
export class Playback extends EventTarget {
  #pieces = [];
  #starts = [];
  #count = 0; // Samples received.
  #next = 0; // Sample that is handed over next.
  #anchor = { time: 0, sample: 0 }; // That sample is heard at that time of the context.
  #end = 0; // Time of the context at which what was handed over ends.
  #sources = new Set();
  #context = null;
  #gain = null;
  #volume = 1;
  #timer = null;

  peaks = []; // Loudest sample of each 20 ms, 0 to 1.
  playing = false;
  whole = false;

  /** Has the sound card ready; a browser allows it once the person has done something. */
  wake() {
    if (!this.#context) {
      this.#context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
      this.#gain = this.#context.createGain();
      this.#gain.gain.value = this.#volume;
      this.#gain.connect(this.#context.destination);
    }
    if (this.#context.state !== "running") this.#context.resume();
  }

  /** Forgets what was received. */
  clear() {
    this.pause();
    this.#pieces = [];
    this.#starts = [];
    this.#count = this.#next = 0;
    this.peaks = [];
    this.whole = false;
    this.dispatchEvent(new Event("more"));
  }

  /** @param {Int16Array} samples */
  add(samples) {
    this.#starts.push(this.#count);
    this.#pieces.push(samples);
    for (let i = 0; i < samples.length; i += 1) {
      const bar = Math.floor((this.#count + i) / BAR), loud = Math.abs(samples[i]) / 32768;
      if (!(this.peaks[bar] >= loud)) this.peaks[bar] = loud;
    }
    this.#count += samples.length;
    if (this.playing) this.#pump();
    this.dispatchEvent(new Event("more"));
  }

  /** All has come. */
  finish() {
    this.whole = true;
    if (this.playing) this.#pump();
    this.dispatchEvent(new Event("more"));
  }

  get received() {
    return this.#count / RATE;
  }

  get position() {
    return this.#sample() / RATE;
  }

  /** Seconds from the context's clock to the ear, as far as the browser knows. */
  get latency() {
    return this.#context?.outputLatency || this.#context?.baseLatency || 0;
  }

  get volume() {
    return this.#volume;
  }

  set volume(volume) {
    this.#volume = volume;
    if (this.#gain) this.#gain.gain.setTargetAtTime(volume, this.#context.currentTime, 0.01);
  }

  play() {
    this.wake();
    if (this.playing) return;
    if (this.whole && this.#next >= this.#count) this.#next = 0; // Heard to the end: from the beginning.
    this.playing = true;
    this.#end = 0;
    this.#anchor = { time: Infinity, sample: this.#next };
    this.#timer = setInterval(() => this.#pump(), PUMP_MS);
    this.#pump();
    this.dispatchEvent(new Event("change"));
  }

  pause() {
    const sample = this.#sample();
    this.#silence();
    this.#next = sample;
    if (!this.playing) return;
    this.playing = false;
    clearInterval(this.#timer);
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} seconds clamped to what was received. */
  seek(seconds) {
    this.#silence();
    this.#next = Math.round(Math.min(Math.max(0, seconds), this.received) * RATE);
    this.#end = 0;
    this.#anchor = { time: Infinity, sample: this.#next };
    if (this.playing) this.#pump();
    this.dispatchEvent(new Event("change"));
  }

  #sample() {
    if (!this.playing) return this.#next;
    const heard = Math.max(0, this.#context.currentTime - this.#anchor.time) * RATE;
    return Math.min(this.#next, Math.round(this.#anchor.sample + heard));
  }

  #silence() {
    for (const source of this.#sources) source.stop();
    this.#sources.clear();
  }

  #pump() {
    const context = this.#context;
    while (this.#next < this.#count && this.#end < context.currentTime + AHEAD_S) {
      if (this.#end < context.currentTime + 0.005) { // The first, or nothing had come in time.
        this.#end = context.currentTime + LEAD_S;
        this.#anchor = { time: this.#end, sample: this.#next };
      }
      this.#hand(this.#slice(this.#next, PIECE_S * RATE));
    }
    if (this.whole && this.#next >= this.#count && context.currentTime >= this.#end) {
      this.pause();
      this.#next = this.#count;
      this.dispatchEvent(new Event("end"));
    }
  }

  #hand(samples) {
    const buffer = this.#context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#gain);
    source.start(this.#end);
    source.addEventListener("ended", () => this.#sources.delete(source));
    this.#sources.add(source);
    this.#end += buffer.duration;
    this.#next += samples.length;
  }

  #slice(from, most) {
    let low = 0, high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= from) low = middle;
      else high = middle - 1;
    }
    const found = new Float32Array(Math.min(most, this.#count - from));
    for (let at = 0; at < found.length; low += 1) {
      const piece = this.#pieces[low];
      for (let i = from + at - this.#starts[low]; i < piece.length && at < found.length; i += 1) found[at++] = piece[i] / 32768;
    }
    return found;
  }
}
