// Which voice speaks, and how fast: one voice, or a mix of several with a weight for each.

import { $, button, element, icon, remembered, write } from "./dom.js";
import { pick } from "./picker.js";
import { firstVoice, loadVoices, mixing, voiceOf, voices } from "./voices.js";

const MOST = 8; // Voices of a mix.
const WEIGHT = 5, MOST_WEIGHT = 10;

/** @type {{voice: object, weight: number}[]} */
let parts = [];
let loaded = null; // What the voices are of.

export function choice() {
  $("voice").addEventListener("click", async () => {
    const voice = await pick({ title: "Choose a voice", current: parts[0]?.voice });
    if (voice) choose(voice);
  });
  $("mix").addEventListener("click", async () => {
    const voice = await pick({ title: "Mix in a voice", model: parts[0].voice.model });
    if (!voice) return;
    const known = parts.find((part) => part.voice === voice);
    if (known) known.weight = Math.min(MOST_WEIGHT, known.weight + 1);
    else parts.push({ voice, weight: WEIGHT });
    changed();
  });
  $("speed").value = remembered.get("speed", 1);
  $("speed").addEventListener("input", () => {
    remembered.set("speed", Number($("speed").value));
    speedShown();
  });
  speedShown();
}

/** Voices of the supervisor, where none are listed yet, or where it is another one. */
export async function offerVoices(about, another) {
  if (loaded && !another) return;
  loaded = true;
  try {
    await loadVoices(await about());
  } catch {
    loaded = null;
    return;
  }
  const before = parts.length ? parts.map(plain) : remembered.get("voices", []);
  parts = before.map(({ model, id, weight }) => ({ voice: voiceOf(model, id), weight })).filter((part) => part.voice);
  if (!parts.length && voices.length) parts = [{ voice: firstVoice(), weight: WEIGHT }];
  changed();
}

/** The fields of a request for speech; null while no voice is known. */
export function terms() {
  if (!parts.length) return null;
  const speed = Number($("speed").value);
  const voice = parts.length === 1 ? parts[0].voice.id : parts.map(({ voice, weight }) => `${voice.id}(${weight})`).join("+");
  return { model: parts[0].voice.model, voice, speed };
}

/** In words: "Bella, 1.2×". */
export const described = () => [parts.map(({ voice }) => voice.name).join(" + "), Number($("speed").value) === 1 ? "" : `${$("speed").value}×`].filter(Boolean).join(", ");

function choose(voice) {
  if (parts.length > 1 && parts[0].voice.model === voice.model) parts[0].voice = voice;
  else parts = [{ voice, weight: WEIGHT }];
  changed();
}

const plain = ({ voice, weight }) => ({ model: voice.model, id: voice.id, weight });

function changed() {
  remembered.set("voices", parts.map(plain));
  const [first] = parts;
  $("voice").disabled = !first;
  if (!first) return;
  write("voice-name", parts.length > 1 ? "A mix" : first.voice.name);
  write("voice-about", parts.length > 1 ? parts.map(({ voice }) => voice.name).join(" + ") : first.voice.group);
  $("mix").hidden = !mixing.includes(first.voice.model) || parts.length >= MOST;
  $("parts").hidden = parts.length < 2;
  $("parts").replaceChildren(...(parts.length < 2 ? [] : parts.map(row)));
  shares();
  write("drop-voice", described());
}

function row(part) {
  const { voice } = part;
  const slider = element("input", { type: "range", min: 1, max: MOST_WEIGHT, step: 1, value: part.weight, "aria-label": `How much of ${voice.name}` });
  slider.addEventListener("input", () => {
    part.weight = Number(slider.value);
    remembered.set("voices", parts.map(plain));
    shares();
  });
  return element("li", {}, element("b", {}, voice.name), element("span", { class: "quiet" }, voice.group), slider, element("output", {}, ""),
    button({ class: "round quiet-button", "aria-label": `Take ${voice.name} out of the mix` }, () => {
      parts = parts.filter((other) => other !== part);
      changed();
      $("mix").focus();
    }, icon("cross", "small")));
}

function shares() {
  const all = parts.reduce((sum, part) => sum + part.weight, 0);
  for (const [index, node] of [...$("parts").children].entries()) {
    const share = `${Math.round((100 * parts[index].weight) / all)} %`;
    node.querySelector("output").textContent = share;
    node.querySelector("input").setAttribute("aria-valuetext", share);
  }
}

function speedShown() {
  const speed = Number($("speed").value);
  write("speed-out", `${speed}×`);
  $("speed").setAttribute("aria-valuetext", `${speed} times`);
  if (parts.length) write("drop-voice", described());
}
