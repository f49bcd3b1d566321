// The map of the cores, the decisions and the workers.

import { $, element, write } from "./dom.js";

const SHOWN = 8;
const slotClass = (slot) => `slot-${slot % 8}`;

export function showMap(allocation) {
  const { effective_cpus: cpus, core_busy_percent: busy } = allocation.system_info;
  const { cores: held, leased_by_others: others } = allocation.leases;
  const usable = new Set(cpus.usable), taken = new Set(others);
  const cells = cpus.online.map((cpu) => {
    const slot = held[cpu], percent = busy[cpu];
    const [kind, word] = slot !== undefined ? [`held ${slotClass(slot)}`, `worker ${slot}`]
      : taken.has(cpu) ? ["others", "others"] : usable.has(cpu) ? ["free", "free"] : ["barred", "not ours"];
    const bar = element("span", { class: "busy" });
    bar.style.width = `${percent ?? 0}%`;
    const used = percent === undefined ? "" : `${percent.toFixed(0)} %`;
    return element("li", { class: `core ${kind}` }, element("b", {}, String(cpu)), word,
      element("br"), used, bar);
  });
  $("map").className = cells.length <= 8 ? "few" : "";
  $("map").replaceChildren(...cells);
  const free = cpus.usable.filter((cpu) => held[cpu] === undefined && !taken.has(cpu)).length;
  write("map-note", `${Object.keys(held).length} held, ${free} free; the bar is what everything on the core uses.`);
}

// Reasons that the short word alone does not explain.
const MEANINGS = {
  starved_by_others: "other programs take the pool's cores",
  work_waiting: "no worker was idle",
  backlog: "segments have waited too long",
};

function words({ kind, reason }) {
  const meaning = MEANINGS[kind];
  return reason.replaceAll("_", " ") + (meaning ? `: ${meaning}` : "");
}

// Neighbours that say the same are one line: the newest, and how often.
export function showDecisions(samples) {
  const groups = [];
  for (const one of samples.toReversed()) {
    const kind = `${one.before}>${one.after}:${one.kind}`;
    const group = groups.at(-1);
    if (group?.kind === kind && one.before === one.after) group.times += 1;
    else groups.push({ kind, one, times: 1 });
  }
  const now = samples.at(-1)?.now;
  const lines = groups.slice(0, SHOWN).map(({ one, times }) => {
    const changed = one.before !== one.after;
    const what = changed ? `${one.before} → ${one.after}` : `keep ${one.after}`;
    const why = words(one) + (times > 1 ? ` (${times} times)` : "");
    const ago = Math.round(now - one.now);
    return element("li", changed ? { class: "changed" } : {},
      element("span", { class: "when" }, ago ? `${ago} s ago` : "now"),
      element("span", { class: "what" }, what), element("span", { class: "why" }, why));
  });
  $("decisions").replaceChildren(...lines);
}

export function showWorkers(workers) {
  const rows = workers.map((worker) => {
    const state = element("span", { class: "state", "data-state": worker.state },
      worker.state + (worker.retry_in_s === null ? "" : `, again in ${worker.retry_in_s.toFixed(0)} s`));
    const cells = [state, worker.cpus.join(", "), worker.intra_op_threads, worker.session_generation,
      worker.segments_done, worker.pss_mb === null ? "–" : `${worker.pss_mb.toFixed(0)} MB`, worker.pid ?? "–"];
    return element("tr", {},
      element("th", { scope: "row" }, element("span", { class: `chip ${slotClass(worker.slot)}` }, String(worker.slot))),
      ...cells.map((cell) => element("td", {}, cell instanceof Node ? cell : String(cell))));
  });
  $("workers").replaceChildren(...rows);
}
