// What is now: asked for every second while somebody can see it, and what the page does when it is gone.

import { ask } from "./api.js";
import { aim, latest, refresh } from "./course.js";
import { showDecisions, showMap, showWorkers } from "./cores.js";
import { $, element, write } from "./dom.js";
import { showHosts } from "./hosts.js";
import { showJobs } from "./jobs.js";
import { capital, count, short, span, timeOfDay } from "./words.js";

const EVERY_MS = 1000, REMEMBERED_S = 180;

const decisions = new Map(); // By time: a decision is told again and again.
let epoch = null, timer = null, asking = false, lastSeen = null, noted = "", locked = false, told = () => {}, gone = () => {};

/**
 * @param {(another: boolean) => void} then called with every status; true: the first of a supervisor.
 * @param {(isGone: boolean, isOut: boolean) => void} whenGone called when it does not answer, and when it
 *   does; `isOut`: nor does the gateway.
 */
export function watch(then, whenGone) {
  told = then;
  gone = whenGone;
  document.addEventListener("visibilitychange", look);
  look();
}

/** Whether a key is asked for: nothing is asked until it comes. */
export function setLocked(is) {
  locked = is;
}

export async function look() {
  clearTimeout(timer);
  if (document.hidden || asking) return;
  asking = true;
  try {
    show(await ask("page/status"));
  } catch (error) {
    away(error);
  } finally {
    asking = false;
    if (!locked) timer = setTimeout(look, EVERY_MS);
  }
}

function away(error) {
  if (locked) {
    pill("locked", "locked");
    return problem("");
  }
  pill("away", "no answer");
  gone(true, !error.status);
  const since = lastSeen ? `since ${timeOfDay(lastSeen)} (${span((Date.now() - lastSeen) / 1000)})` : "";
  const what = error.status ? `The supervisor does not answer${since && ` ${since}`}: ${error.message.replace(/[.]$/, "")}.` : `${error.message.replace(/[.]$/, "")}${since && ` ${since}`}.`;
  problem(`${what} What has come can still be played, and this page goes on by itself when it is back.`);
}

function show(status) {
  const { supervisor, allocation, workers, said } = status;
  lastSeen = new Date();
  gone(false, false);
  pill(...said.state);
  write("about", `version ${supervisor.version}, process ${supervisor.pid}`);
  problem(said.trouble);
  const another = epoch !== supervisor.epoch;
  if (another) decisions.clear();
  epoch = supervisor.epoch;
  told(another);
  remember(allocation.allocation_stats.decisions, said.decisions);
  write("why", said.why);
  showNotes(said.notes);
  tiles(status);
  aim(limits(allocation));
  refresh();
  showWorkers(workers, said.workers, allocation);
  showMap(allocation);
  showDecisions([...decisions.values()]);
  showJobs();
  showHosts();
}

/** What else there is to know. @param {{about: string, lines: string[], tone: string}[]} notes */
function showNotes(notes) {
  const written = JSON.stringify(notes);
  if (written === noted) return; // So that a screen reader or a selection is not disturbed.
  noted = written;
  $("notes").hidden = !notes.length;
  $("notes").replaceChildren(...notes.flatMap(({ about, lines, tone }) => [element("dt", { class: tone }, capital(about)), element("dd", {}, lines.map(capital).join("\n"))]));
}

function remember(more, why) {
  for (const [index, decision] of more.entries()) decisions.set(decision.now, { ...decision, why: why[index] });
  const end = Math.max(...decisions.keys());
  for (const now of decisions.keys()) if (now < end - REMEMBERED_S) decisions.delete(now);
}

function limits(allocation) {
  const { cpu_target: target, scale_down_threshold: low } = allocation.allocation_stats.thresholds;
  return { target, low, usable: allocation.system_info.effective_cpus.usable_count };
}

function tiles({ allocation, jobs, queue }) {
  const { allocation_stats: stats, system_info: system } = allocation, { lower, upper } = system.bounds;
  const average = stats.average_utilization;
  write("cores", stats.current_allocation.allocated_cores);
  write("cores-of", `of ${system.effective_cpus.usable_count}`);
  write("cores-note", [average === null ? "" : `${average.toFixed(0)} % busy`, lower === upper ? `${upper} allowed` : `${lower} to ${upper} allowed`].filter(Boolean).join(", "));
  write("queue", jobs.segments_waiting);
  const jobsNow = jobs.queued + jobs.running;
  write("queue-note", queue.oldest_wait_s > 0.05 ? `the oldest for ${short(queue.oldest_wait_s)}` : jobsNow ? `${count(jobsNow, "job")} at work` : "nothing to do");
  const { first, slow, pace } = latest(), [value, unit] = first === null ? ["–", ""] : short(first).split(" ");
  write("first", value);
  write("first-unit", unit);
  write("first-note", slow === null ? "nothing was asked for lately" : `95 of 100 within ${short(slow)}`);
  write("pace", pace === null ? "–" : pace < 10 ? pace.toFixed(1) : pace.toFixed(0));
  write("pace-unit", pace === null ? "" : "times");
  const bad = jobs.failed + jobs.quarantined + jobs.expired;
  write("pace-note", `${pace === null ? "" : "as fast as it is heard; "}${count(jobs.done, "job")} done${bad ? `, ${bad} failed` : ""}`);
}

function pill(state, text) {
  document.body.dataset.state = state;
  $("state").dataset.state = state;
  write("state", text);
}

function problem(text) {
  $("problem").hidden = !text;
  write("problem", text ?? "");
}
