// What the pool does, and why, as a person would say it.

import { count, short, span } from "./words.js";

const cores = (number) => count(number, "core");
const sentences = (number) => count(number, "sentence");
const percent = (number) => `${Math.round(number)} %`;

/** The state of the whole in a word or two, and its kind for the colour. */
export function stateOf({ supervisor, jobs, workers, age_s: age }) {
  if (age > 3) return ["late", `last heard of ${span(age)} ago`];
  if (supervisor.state === "draining") return ["draining", "stopping"];
  if (supervisor.state !== "running") return [supervisor.state, supervisor.state];
  if (!workers.some((worker) => worker.takes_work)) return ["starting", "getting ready"];
  if (jobs.segments_running) return ["busy", "speaking"];
  return ["running", "ready"];
}

/** One sentence on what goes on. */
export function why(status) {
  const { supervisor, allocation, jobs, workers } = status;
  const { allocation_stats: stats, system_info: system, leases } = allocation;
  const held = stats.current_allocation.allocated_cores, usable = system.effective_cpus.usable_count;
  const waiting = jobs.segments_waiting, running = jobs.segments_running;
  const kind = stats.decisions.at(-1)?.kind, upper = system.bounds.upper;
  if (supervisor.state === "draining") return `Stopping: ${sentences(waiting + running)} will still be spoken, and nothing new is taken.`;
  if (!workers.some((worker) => worker.takes_work)) return "Getting ready: the first worker is on its way.";
  const speak = `${held} of ${cores(usable)} ${held === 1 ? "speaks" : "speak"}`;
  const many = `${sentences(waiting)} ${waiting === 1 ? "waits" : "wait"}`;
  if (kind === "starved_by_others") return `Waiting for cores that others use: other programs take ${percent(stats.starved_by_others_percent ?? 0)} of the time on ours.`;
  if (kind === "thermal_cap") return `Going slow because the machine is hot: ${speak}${waiting ? ` while ${many}` : ""}.`;
  if (waiting && kind === "bound_memory") return `${speak}: there is no memory for more, and ${many}.`;
  if (waiting && leases.leased_by_others.length) return `${speak} while ${many}: another supervisor has ${cores(leases.leased_by_others.length)}.`;
  if (waiting && held >= upper && upper < usable) return `${speak}, as many as the settings allow, because ${many}.`;
  if (waiting && held >= upper) return `${speak} because ${many}.`;
  if (waiting) return `${speak}; ${many}, so more cores join in.`;
  if (running) return `${speak}, and nothing has to wait.`;
  if (held > system.bounds.lower) return `Resting: nothing to say. ${cores(held)} ${held === 1 ? "stays" : "stay"} ready for a while.`;
  return `Resting: nothing to say. ${cores(held)} ${held === 1 ? "stays" : "stay"} ready.`;
}

/** Why the allocator decided so. `figures` are those of its kind. */
const KINDS = {
  backlog: ([s]) => `a sentence has waited for ${short(s).join(" ")}`,
  bound_max_cores: ([n]) => `the settings allow ${n} at most`,
  bound_memory: ([n]) => `memory is enough for ${n}`,
  bound_min_cores: ([n]) => `the settings want ${n} at least`,
  bound_reserve: ([n]) => `one core is left to the machine, so ${n} at most`,
  bound_usable: ([n]) => `there are only ${n} to be had`,
  configured: () => "the settings were changed",
  cooldown: ([s]) => `the last change was just now; the next may come in ${short(s).join(" ")}`,
  disabled: () => "the settings say so",
  draining_backlog: () => "what has waited is being worked off",
  first_sample: () => "this was the first look",
  fresh_samples: ([n, all]) => `only ${n} of ${all} looks since the last change`,
  high_utilization: ([p]) => `they were ${percent(p)} busy`,
  low_utilization: ([p]) => `they were only ${percent(p)} busy`,
  memory_critical: ([mb]) => `memory is nearly used up: ${Math.round(mb)} MB are left`,
  memory_pressure: ([p]) => `programs wait for memory ${percent(p)} of the time`,
  memory_short: ([mb]) => `memory is short: ${Math.round(mb)} MB are left`,
  monitor_failed: () => "the load could not be measured",
  optimal_range: ([p]) => `${percent(p)} busy is as it should be`,
  scale_down_wait: ([s]) => `there is little to do; given back once it was so for ${span(s)}`,
  sessions_building: () => "workers are being rebuilt",
  starved_by_others: ([p]) => `other programs take ${percent(p)} of the pool's cores`,
  thermal_cap: ([n]) => `the machine is hot, so ${n} at most`,
  work_waiting: ([s]) => `no worker was free, and a sentence has waited for ${short(s).join(" ")}`,
};

/** "Kept 2 cores", "1 → 2 cores": what was decided. */
export const what = ({ before, after }) => (before === after ? `Kept ${cores(after)}` : `${before} → ${cores(after)}`);

export function because({ kind, figures, reason }) {
  const said = figures?.every(Number.isFinite) && KINDS[kind]?.(figures);
  return said && !said.includes("undefined") ? said : reason.replaceAll("_", " ");
}

const STATES = {
  starting: "getting ready", idle: "listening", busy: "speaking", reshaping: "changing its cores", standby: "takes over in a moment",
  retiring: "finishing its last sentence", leaving: "leaving", ending: "did not answer, is being ended", backoff: "failed, waits", fatal: "keeps failing",
};

/** What a worker does. */
export function doing({ state, retry_in_s: retry }) {
  return (STATES[state] ?? state) + (retry === null ? "" : `, again in ${span(retry)}`);
}
