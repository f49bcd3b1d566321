// Who speaks on which core, and what was decided about them.

import { $, element, write } from "./dom.js";
import { capital, count } from "./words.js";

const SHOWN = 7; // Decisions.
const slotClass = (slot) => `slot-${slot % 8}`;

/** @param {string[]} does what each of them does, in words. */
export function showWorkers(workers, does, allocation) {
  const { core_busy_percent: busy, core_foreign_percent: foreign } = allocation.system_info;
  $("workers").replaceChildren(...workers.map((worker, index) => {
    const loads = worker.cpus.map((cpu) => Math.max(0, (busy[cpu] ?? 0) - (foreign[cpu] ?? 0)));
    const load = loads.reduce((sum, one) => sum + one, 0) / Math.max(1, loads.length);
    const fill = element("i");
    fill.style.width = `${load}%`;
    const facts = [worker.cpus.length ? `${worker.cpus.length === 1 ? "core" : "cores"} ${worker.cpus.join(", ")}` : "no core",
      count(worker.segments_done, "sentence"), worker.pss_mb === null ? null : `${worker.pss_mb.toFixed(0)} MB`, worker.pid === null ? null : `process ${worker.pid}`];
    return element("li", { class: "worker", "data-state": worker.state },
      element("span", { class: `badge ${slotClass(worker.slot)}` }, element("span", { class: "hidden" }, "Worker "), String(worker.slot)),
      element("b", {}, capital(does[index])),
      element("span", { class: "progress meter", role: "img", "aria-label": `It keeps its cores ${load.toFixed(0)} % busy` }, fill),
      element("span", { class: "quiet" }, facts.filter(Boolean).join(" · ")));
  }));
}

export function showMap(allocation) {
  const { effective_cpus: cpus, core_busy_percent: busy } = allocation.system_info;
  const { cores: held, leased_by_others: others } = allocation.leases;
  const usable = new Set(cpus.usable), taken = new Set(others);
  $("map").replaceChildren(...cpus.online.map((cpu) => {
    const slot = held[cpu], percent = busy[cpu] ?? 0;
    const [kind, word] = slot !== undefined ? [`held ${slotClass(slot)}`, `worker ${slot}`]
      : taken.has(cpu) ? ["others", "another supervisor's"] : usable.has(cpu) ? ["free", "free"] : ["barred", "not ours"];
    const bar = element("i");
    bar.style.setProperty("--part", `${percent}%`);
    const words = `Core ${cpu}: ${word}, ${percent.toFixed(0)} % busy`;
    return element("li", { class: `core ${kind}`, title: words }, element("span", { class: "hidden" }, words), element("span", { "aria-hidden": "true" }, String(cpu)), bar);
  }));
  const free = cpus.usable.filter((cpu) => held[cpu] === undefined && !taken.has(cpu)).length, barred = cpus.online.length - usable.size;
  write("map-note", [`${count(Object.keys(held).length, "core")} ours`, `${free} free`, taken.size ? `${taken.size} another supervisor's` : "", barred ? `${barred} not for us` : ""].filter(Boolean).join(", ")
    + ". The bar is how busy everything keeps the core.");
}

/** Neighbours that say the same are one line: the newest, and since when. */
export function showDecisions(decisions) {
  const groups = [];
  for (const one of decisions.toReversed()) {
    const kind = `${one.before}>${one.after}:${one.kind}`, group = groups.at(-1);
    if (group?.kind === kind && one.before === one.after) group.since = one.now;
    else groups.push({ kind, one, since: one.now });
  }
  const now = decisions.at(-1)?.now;
  $("decisions").replaceChildren(...groups.slice(0, SHOWN).map(({ one, since }, index) => {
    const ago = Math.round(now - (index ? one.now : since)), changed = one.before !== one.after;
    const when = index ? `${ago} s ago` : ago > 1 ? `for ${ago} s` : "now";
    return element("li", changed ? { class: "changed" } : {}, element("span", { class: "when" }, when),
      element("span", {}, element("span", { class: "what" }, changed ? `${one.before} → ${count(one.after, "core")}` : `Kept ${count(one.after, "core")}`), `: ${one.why}`));
  }));
}
