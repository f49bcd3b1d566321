// What is now: asked for every second while somebody can see it.

import { Refused, ask } from "./api.js";
import { liveChart } from "./chart.js";
import { $, count, write } from "./dom.js";
import { showDecisions, showMap, showWorkers } from "./tables.js";

const EVERY_MS = 1000, SHOWN_S = 180;

const samples = new Map(); // By time: a decision is told again and again.
let epoch = null, timer = null, asking = false, last = null, told = () => {};

// `then` is called with every status, with true where it is the first of a supervisor.
export function watch(then) {
  told = then;
  document.addEventListener("visibilitychange", look);
  new ResizeObserver(draw).observe($("live-chart"));
  look();
}

export async function look() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    show(await ask("page/status"));
  } catch (error) {
    away(error instanceof Refused ? error.message : "The gateway does not answer.");
  } finally {
    asking = false;
    if ($("key-form").hidden) timer = setTimeout(look, EVERY_MS); // Else the key comes first.
  }
}

function away(reason) {
  pill("away", $("key-form").hidden ? "no answer" : "locked");
  $("main").classList.add("away");
  problem(reason);
}

function show(status) {
  const { supervisor, allocation, jobs, workers } = status;
  $("main").classList.remove("away");
  const late = status.age_s > 3;
  pill(late ? "late" : supervisor.state, late ? `${status.age_s.toFixed(0)} s old` : supervisor.state);
  write("about", `version ${supervisor.version}, process ${supervisor.pid}`);
  problem(supervisor.configuration_error ?? allocation.error
    ?? (status.pool.fatal_slots.length ? `Workers keep failing in slot ${status.pool.fatal_slots.join(", ")}.` : ""));
  const another = epoch !== supervisor.epoch;
  if (another) samples.clear();
  epoch = supervisor.epoch;
  told(another);
  remember(allocation.allocation_stats.decisions);
  last = allocation;
  tiles(allocation, jobs, workers);
  draw();
  showMap(allocation);
  showDecisions([...samples.values()]);
  showWorkers(workers);
}

function remember(decisions) {
  for (const decision of decisions) samples.set(decision.now, decision);
  const end = Math.max(...samples.keys());
  for (const now of samples.keys()) if (now < end - SHOWN_S) samples.delete(now);
}

function limits(allocation) {
  const { cpu_target: target, scale_down_threshold: low } = allocation.allocation_stats.thresholds;
  return { target, low, usable: allocation.system_info.effective_cpus.usable_count };
}

function draw() {
  if (last) liveChart($("live-chart"), [...samples.values()], limits(last), SHOWN_S);
}

function tiles(allocation, jobs, workers) {
  const stats = allocation.allocation_stats, { target, low, usable } = limits(allocation);
  const average = stats.average_utilization;
  write("utilization", average === null ? "–" : average.toFixed(0));
  write("utilization-note", allocation.dynamic_allocation_enabled
    ? `band ${low.toFixed(0)} to ${target.toFixed(0)} %` : "a static pool");
  write("cores", stats.current_allocation.allocated_cores);
  write("cores-of", `of ${usable}`);
  const { lower, upper } = allocation.system_info.bounds;
  const rest = stats.cooldown_remaining_s;
  write("cores-note", rest > 0 ? `cooldown ${rest.toFixed(0)} s` : `bounds ${lower} to ${upper}`);
  write("queue", jobs.segments_waiting);
  write("queue-note", `${jobs.segments_running} running, ${count(jobs.queued + jobs.running, "job")}`);
  write("done", jobs.done);
  const bad = jobs.failed + jobs.quarantined + jobs.expired;
  write("done-note", `${bad} failed, ${jobs.cancelled} cancelled, ${count(workers.length, "worker")}`);
}

function pill(state, text) {
  $("state").dataset.state = state;
  write("state", text);
}

function problem(text) {
  $("problem").hidden = !text;
  write("problem", text);
}
