// The hosts of the fleet, where there is one: what each does, and how much more it takes.

import { ask } from "./api.js";
import { $, element, write } from "./dom.js";
import { capital, count } from "./words.js";

const EVERY_MS = 2000, SHOWN = 100;

let are = false, askedAt = -Infinity, rows = "";

/** @param {boolean} there whether the gateway's host is one of a fleet */
export function offerHosts(there) {
  are = there;
  if (!there) $("hosts-part").hidden = true;
}

export async function showHosts() {
  if (!are || performance.now() - askedAt < EVERY_MS) return;
  askedAt = performance.now();
  const found = await ask("page/hosts").catch(() => null);
  if (!found) return;
  $("hosts-part").hidden = false;
  write("hosts-said", found.said);
  $("hosts-trouble").hidden = !found.trouble;
  write("hosts-trouble", found.trouble ? capital(found.trouble) : "");
  const told = JSON.stringify(found.hosts);
  if (told === rows) return; // So that a screen reader or a selection is not disturbed.
  rows = told;
  const more = found.hosts.length - SHOWN;
  $("hosts").replaceChildren(...found.hosts.slice(0, SHOWN).map(row), ...(more > 0 ? [element("li", { class: "quiet" }, `and ${more} more`)] : []));
}

const DOT = { ready: "done", busy: "running", held: "expired", draining: "" };

function row(host) {
  const free = `${host.free} of ${count(host.slots, "slot")} free`, jobs = host.running ? `${count(host.running, "job")} at work` : "";
  const about = [free, jobs, host.engines.join(", ")].filter(Boolean).join(" · ");
  return element("li", { class: "job" }, element("span", { class: `dot ${DOT[host.state] ?? ""}` }),
    element("span", {}, element("b", {}, host.name), ` ${host.said}`), element("span", { class: "quiet" }, about), element("span", { class: "quiet" }, host.version));
}
