// Requests to the gateway. A key that was typed stays in this tab, and goes into no address.

import { ofTab } from "./dom.js";

const KEY = "gateway-key";

let typed = ofTab.get(KEY, null);

/** The gateway said no; `status` is 0 where it did not answer at all. */
export class Refused extends Error {
  constructor(message, status = 0, code = null) {
    super(message);
    Object.assign(this, { status, code });
  }
}

export const key = () => typed;

/** @type {(locked: boolean, wrong: boolean) => void} */
let lock = () => {};

/** `then` is told when a key is needed, and whether the one that was typed is wrong. */
export const onLock = (then) => (lock = then);

export function useKey(text) {
  typed = text.replace(/[^ -~]/g, "?"); // No header holds other letters, and no key has them.
  ofTab.set(KEY, typed);
}

export function headers() {
  return key() ? { Authorization: `Bearer ${key()}` } : {};
}

/**
 * A request; `path` is below the page's own address, which may be anywhere behind a reverse proxy.
 * @param {string} path
 * @param {{body?: unknown, method?: string, signal?: AbortSignal}} [options] `body` is sent as JSON.
 */
export async function request(path, { body, method, signal } = {}) {
  const sent = key();
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  const response = await fetch(path, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: { ...headers(), ...json },
    signal,
    cache: "no-store",
  }).catch((error) => {
    throw error.name === "AbortError" ? error : new Refused("The supervisor cannot be reached.");
  });
  // A late answer to an earlier key says nothing about the one that was typed since.
  if (response.status === 401 && sent === key()) lock(true, Boolean(sent));
  if (response.ok) {
    lock(false, false);
    return response;
  }
  const document = await response.json().catch(() => null);
  throw new Refused(document?.error?.message ?? `The gateway answered ${response.status}.`, response.status, document?.error?.code);
}

export const ask = async (path, body) => (await request(path, { body })).json();
