// Requests to the gateway. A key that was typed stays in this tab.

import { $ } from "./dom.js";

const KEY = "gateway-key";

export class Refused extends Error {}

// `path` is below the page's own address, which may be anywhere behind a reverse proxy.
export async function request(path, body, signal) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    body: body === undefined ? undefined : JSON.stringify(body),
    headers,
    signal,
    cache: "no-store",
  });
  // A late answer to an earlier key says nothing about the one that was typed since.
  if (response.status === 401 && key === sessionStorage.getItem(KEY)) $("key-form").hidden = false;
  if (response.ok) {
    $("key-form").hidden = true;
    return response;
  }
  const document = await response.json().catch(() => null);
  throw new Refused(document?.error?.message ?? `the gateway answered ${response.status}`);
}

export const ask = async (path, body) => (await request(path, body)).json();

export function askForKey(then) {
  $("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, $("key").value.trim());
    $("key").value = "";
    $("key-form").hidden = true; // Until an answer says that this one is wrong, too.
    then();
  });
}
