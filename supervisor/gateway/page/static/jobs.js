// The latest jobs; one tells its story when it is clicked.

import { ask } from "./api.js";
import { $, button, element, write } from "./dom.js";
import { capital, count, language, short, span } from "./words.js";

const EVERY_MS = 4000, SHOWN = 8;

let askedAt = -Infinity, rows = "";

const STATES = {
  queued: "waits", running: "is being spoken", done: "spoken", cancelled: "stopped", failed: "failed", expired: "came too late", quarantined: "given up: it kept ending workers",
};

export async function showJobs() {
  if (performance.now() - askedAt < EVERY_MS) return;
  askedAt = performance.now();
  const found = await ask("page/jobs").catch(() => null);
  if (!found) return;
  const jobs = found.jobs.slice(0, SHOWN);
  $("no-jobs").hidden = jobs.length > 0;
  const told = JSON.stringify(jobs.map((job) => [job.job, job.state, job.segments_spoken, Math.round(job.age_s / 5)]));
  if (told === rows) return; // So that the focus stays where it is.
  rows = told;
  const focused = document.activeElement?.dataset?.job;
  $("jobs").replaceChildren(...jobs.map((job) => element("li", {}, row(job))));
  if (focused) $("jobs").querySelector(`[data-job="${CSS.escape(focused)}"]`)?.focus();
}

function row(job) {
  const took = job.ran_s === null ? "" : `, in ${short(job.ran_s).join(" ")}`;
  const progress = job.segments_spoken < job.segments ? `${job.segments_spoken} of ${count(job.segments, "sentence")}` : `${count(job.segments, "sentence")}${took}`;
  return button({ class: "job", "data-job": job.job, "aria-haspopup": "dialog" }, () => tell(job.job),
    element("span", { class: `dot ${job.state}` }), element("span", {}, capital(STATES[job.state] ?? job.state)),
    element("span", { class: "quiet" }, `${progress} · ${job.voice}`), element("span", { class: "quiet" }, `${span(job.age_s)} ago`));
}

async function tell(id) {
  let job;
  try {
    job = await ask(`page/jobs/${encodeURIComponent(id)}`);
  } catch (error) {
    job = { error };
  }
  write("job-title", job.error ? "A job's story" : `A job: ${STATES[job.state] ?? job.state}`);
  write("job-about", job.error ? job.error.message : [count(job.characters, "character"), count(job.segments, "sentence"), `${job.voice} of ${job.engine}`,
    job.language ? language(job.language) : null, job.speed === 1 ? null : `${job.speed}×`, `waited ${short(job.waited_s).join(" ")}`, job.message, job.job].filter(Boolean).join(" · "));
  $("story").replaceChildren(...(job.story ?? []).map(({ at_s: at, event, details }) => element("li", {},
    element("span", { class: "when" }, at < 60 ? `${at.toFixed(3)} s` : span(at)), element("span", {}, words(event, details)))));
  $("job").showModal();
}

const nth = (index) => `sentence ${index + 1}`;

/** What an event of a story means; one that is not known here is shown as it is. */
const EVENTS = {
  accepted: ([segments]) => `Accepted, and cut into ${count(segments, "sentence")}`,
  running: ([index, worker, attempt]) => `Worker ${worker} begins ${nth(index)}${attempt > 1 ? `, for the ${attempt}. time` : ""}`,
  spoken: ([index, worker, seconds]) => `Worker ${worker} has spoken ${nth(index)}, in ${short(seconds).join(" ")}`,
  unreadable: ([index]) => `Nothing in ${nth(index)} could be read`,
  refused: ([index, worker]) => `Worker ${worker} could not take ${nth(index)}; another will`,
  "worker lost": ([index, worker, reason]) => `Worker ${worker} was lost with ${nth(index)}: ${reason}`,
  "spoken again": (segments) => `${count(segments.length, "sentence")} spoken again, because the audio was lost`,
  suspended: () => "Set aside until its client takes what is there",
  attached: () => "A client came for it",
  "client lost": () => "Its client left",
  stored: ([index]) => `${nth(index)} is on disk`,
  recovered: ([stored]) => `Found again after a restart, with ${count(stored, "sentence")} on disk`,
  "left out": ([events]) => `${count(events, "event")} not kept`,
  done: () => "All was spoken", cancelled: ([message]) => `Stopped${message ? `: ${message}` : ""}`,
  failed: ([message]) => `Failed: ${message}`, expired: ([message]) => `Came too late: ${message}`,
};

function words(event, details) {
  try {
    const said = EVENTS[event]?.(details);
    if (said && !/undefined|NaN/.test(said)) return capital(said);
  } catch {} // Of another version: as it is.
  return [event, ...details].join(" ");
}
