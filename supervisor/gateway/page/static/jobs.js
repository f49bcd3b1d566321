// The latest jobs; one tells its story when it is clicked.

import { ask } from "./api.js";
import { $, button, element, write } from "./dom.js";
import { capital, count, language, short, span } from "./words.js";

const EVERY_MS = 4000, SHOWN = 8;

let askedAt = -Infinity, rows = "";

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
  const took = job.ran_s === null ? "" : `, in ${short(job.ran_s)}`;
  const progress = job.segments_spoken < job.segments ? `${job.segments_spoken} of ${count(job.segments, "sentence")}` : `${count(job.segments, "sentence")}${took}`;
  return button({ class: "job", "data-job": job.job, "aria-haspopup": "dialog" }, () => tell(job.job),
    element("span", { class: `dot ${job.state}` }), element("span", {}, capital(job.said)),
    element("span", { class: "quiet" }, [progress, job.voice, job.urgency].filter(Boolean).join(" · ")), element("span", { class: "quiet" }, `${span(job.age_s)} ago`));
}

async function tell(id) {
  let job;
  try {
    job = await ask(`page/jobs/${encodeURIComponent(id)}`);
  } catch (error) {
    job = { error };
  }
  write("job-title", job.error ? "A job's story" : `A job: ${job.said}`);
  write("job-about", job.error ? job.error.message : [count(job.characters, "character"), count(job.segments, "sentence"), `${job.voice} of ${job.engine}`, job.urgency,
    job.language ? language(job.language) : null, job.speed === 1 ? null : `${job.speed}×`, `waited ${short(job.waited_s)}`, job.message, job.job].filter(Boolean).join(" · "));
  $("story").replaceChildren(...(job.story ?? []).map(({ at_s: at, said }) => element("li", {},
    element("span", { class: "when" }, at < 60 ? `${at.toFixed(3)} s` : span(at)), element("span", {}, said))));
  $("job").showModal();
}
