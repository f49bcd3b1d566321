// Speech as it comes: server-sent events with samples in base64 and the times of words.

import { Refused } from "./api.js";

/**
 * Pieces of a stream of speech. Raises Refused for an error that comes under way, and where the
 * stream breaks off.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{samples: Int16Array | null, words: object[]}>}
 */
export async function* pieces(body) {
  let whole = false;
  for await (const event of events(body)) {
    if (event.type === "error") throw new Refused(event.error?.message ?? "The text could not be spoken.", 500, event.error?.code);
    whole ||= event.type === "speech.audio.done";
    yield { samples: event.audio ? samples(event.audio) : null, words: event.words ?? [] };
  }
  if (!whole) throw new Refused("The connection broke off.");
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      throw error.name === "AbortError" ? error : new Refused("The connection broke off.");
    });
    if (done) return;
    rest += value;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      if (rest.startsWith("data: ")) yield JSON.parse(rest.slice(6, end));
      rest = rest.slice(end + 2);
    }
  }
}

function samples(base64) {
  const bytes = Uint8Array.fromBase64?.(base64) ?? Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
}
