// The voices there are, with names and languages as people say them.

import { ask } from "./api.js";
import { language } from "./words.js";

/**
 * @typedef {{id: string, model: string, name: string, about: string, language: string, group: string, default: boolean}} Voice
 */

const SEX = { f: "woman", m: "man" };

/** @type {Voice[]} */
export let voices = [];
/** Engines that speak in mixes of their voices. @type {string[]} */
export let mixing = [];

/** Asks for them. */
export async function loadVoices(about) {
  mixing = about?.mixing ?? mixing;
  const found = (await ask("v1/audio/voices")).voices;
  voices = found.map((voice) => ({ ...voice, ...spoken(voice) }));
}

/** "af_bella" of Kokoro is Bella, a woman; "en_US-joe-medium" of Piper is Joe. */
function spoken({ id, model, language: tag }) {
  const kokoro = /^[a-z]([fm])_(.+)$/.exec(id);
  const piper = /^[a-z]{2,3}_[A-Z]{2}-(.+?)(-(x_low|low|medium|high))?$/.exec(id);
  const name = titled(kokoro?.[2] ?? piper?.[1] ?? id);
  const about = [kokoro && SEX[kokoro[1]], titled(model)].filter(Boolean).join(" · ");
  return { name, about, group: language(tag) };
}

const titled = (name) => name.replaceAll(/[_-]+/g, " ").replace(/(^| )\p{Ll}/gu, (letter) => letter.toUpperCase());

/** Those that fit every word of a search, by language, the person's own first. */
export function search(words, among = voices) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (voice) => {
    const said = `${voice.name} ${voice.id} ${voice.group} ${voice.language} ${voice.about}`.toLowerCase();
    return wanted.every((word) => (word === "man" ? / man\b/.test(` ${said}`) : said.includes(word)));
  };
  const own = navigator.language, near = (tag) => (tag === own ? 0 : tag.split("-")[0] === own.split("-")[0] ? 1 : 2);
  const groups = Map.groupBy(among.filter(fits), (voice) => voice.group);
  return [...groups].sort(([a, [one]], [b, [other]]) => near(one.language) - near(other.language) || a.localeCompare(b));
}

/** A voice by its model and id, or the one to begin with. */
export const voiceOf = (model, id) => voices.find((voice) => voice.model === model && voice.id === id);
export const firstVoice = () => voices.find((voice) => voice.default) ?? voices[0];
