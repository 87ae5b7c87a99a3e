// Jobs as lanes on the time axis of the sandbox: steps, polls, charges, deliveries, faults.
import { Action, Curl, Empty, Problem, clockTime, duration, shortName } from "../parts.js";
import { call, get } from "../api.js";
import { feed, isFailure } from "../feed.js";
import { html, useEffect, useLoaded, useMemo, useRef, useState, useStore } from "../html.js";
import { move } from "./clock.js";
import { verdict } from "../verdict.js";

const SPANS = [10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000];
const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const GLYPHS = { poll: "poll", charge: "charge", refund: "refund", delivery: "delivery", fetch: "asset", fault: "failed", finding: "finding" };

export function Jobs({ route, go }) {
  useStore(feed);
  useStore(verdict);
  const [span, setSpan] = useState(60_000);
  const [end, setEnd] = useState(null);
  const [turn, setTurn] = useState(0);
  const [drag, setDrag] = useState(null);
  const axis = useRef(null);
  const open = route.rest[0];
  useEffect(() => {
    let seen = -1;
    const timer = setInterval(() => {
      if (seen !== feed.version) setTurn((n) => n + 1);
      else if (feed.state.speed) feed.changed();
      seen = feed.version;
    }, 500);
    return () => clearInterval(timer);
  }, []);
  const [list, error, reload] = useLoaded(() => get("/jobs?limit=100"), [turn]);
  const [accounts] = useLoaded(() => get("/accounts"), [turn]);
  const events = useMemo(() => byJob(accounts, verdict.data), [turn, accounts, verdict.data]);
  const jobs = (list?.jobs ?? []).filter((job) => !open || job.id.includes(open) || open === job.id);
  const now = feed.now();
  const right = end ?? now + span * 0.2;
  const left = right - span;
  const x = (ms) => ((ms - left) / span) * 100;
  const still = feed.state.mode === "manual" && !feed.state.read_only;

  const zoom = (step) => setSpan(SPANS[Math.min(SPANS.length - 1, Math.max(0, SPANS.indexOf(span) + step))]);
  const timeAt = (event) => {
    const box = axis.current.getBoundingClientRect();
    return left + ((event.clientX - box.left) / box.width) * span;
  };
  const dragNow = {
    onPointerDown: (event) => {
      if (!still) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setEnd(right);
      setDrag(now);
    },
    onPointerMove: (event) => drag !== null && setDrag(Math.max(now, timeAt(event))),
    onPointerUp: async () => {
      if (drag === null) return;
      const by = Math.round(drag - now);
      setDrag(null);
      if (by > 0) await move({ advance: `${by}ms` });
      setEnd(null);
    },
    onKeyDown: (event) => still && event.key === "ArrowRight" && move({ advance: event.shiftKey ? "10s" : "1s" }),
  };
  if (list && list.jobs.length === 0) return html`<${Empty}><h2>No job yet</h2><p>A job appears here as soon as a request creates one: an analysis, a video, a description.</p><//>`;
  const shownNow = drag ?? now;
  return html`<section class="jobs" aria-label="Jobs"><div class="bar">
      <label class="search"><span class="hidden">Find a job by its id</span><input type="search" placeholder="Find a job by its id" value=${open ?? ""} onInput=${(event) => go(event.target.value ? `jobs/${encodeURIComponent(event.target.value)}` : "jobs")} /></label>
      <div class="group" role="group" aria-label="Zoom"><button type="button" aria-label="Zoom in" onClick=${() => zoom(-1)}>+</button><span class="count">${duration(span)}</span><button type="button" aria-label="Zoom out" onClick=${() => zoom(1)}>−</button></div>
      <div class="group" role="group" aria-label="Scroll in time"><button type="button" aria-label="Earlier" onClick=${() => setEnd(right - span / 2)}>‹</button><button type="button" aria-pressed=${end === null} onClick=${() => setEnd(null)}>Follow now</button><button type="button" aria-label="Later" onClick=${() => setEnd(right + span / 2)}>›</button></div>
      <span class="legend">${Object.entries(GLYPHS).map(([kind, text]) => html`<span><i class="glyph ${kind}"></i>${text}</span>`)}</span></div>
    <${Problem} error=${error} />
    <div class="lanes"><div class="axis"><div></div><div class="ticks" ref=${axis}>${ticks(left, right).filter((at) => Math.abs(x(at) - x(shownNow)) > 4.5).map((at) => html`<span style=${{ left: `${x(at)}%` }}>${clockTime(at).slice(0, 8)}</span>`)}
        ${x(shownNow) >= 0 && x(shownNow) <= 100 && html`<button type="button" class="now ${still ? "grab" : ""}" style=${{ left: `${x(shownNow)}%` }} aria-label=${still ? "Now. Press the right arrow key to advance by a second" : "Now"} title=${still ? "Drag to advance the clock" : "Now"} ...${dragNow}>${drag ? `+${duration(drag - now)}` : "now"}</button>`}</div></div>
      ${jobs.map((job) => html`<${Lane} key=${job.provider + job.id} job=${job} events=${events.get(job.id) ?? []} x=${x} left=${left} right=${right} now=${shownNow} open=${open === job.id} reload=${reload} go=${go} />`)}</div>
    ${open && jobs.length === 0 && html`<p class="hint">No job has the id ${open}.</p>`}</section>`;
}

/** What happened to each job, by its id: from the feed, charges from the ledgers of the accounts, and the findings. */
function byJob(accounts, judged) {
  const found = new Map();
  const add = (job, event) => (found.get(job) ?? found.set(job, []).get(job)).push(event);
  for (const entry of feed.entries) {
    if (!entry.job) continue;
    if (entry.kind === "request") add(entry.job, { at: entry.at, kind: isFailure(entry) ? "fault" : /file|download|asset/.test(entry.operation ?? "") ? "fetch" : "poll", text: `${shortName(entry.operation)} ${entry.status ?? "no reply"}${entry.note ? `: ${entry.note}` : ""}`, offset: entry.offset });
    else if (entry.kind === "delivery") add(entry.job, { at: entry.at, kind: "delivery", bad: isFailure(entry), text: entry.note, offset: entry.offset });
    else if (entry.kind === "transition") add(entry.job, { at: entry.at, kind: "step", status: entry.note, text: `is ${entry.note}`, offset: entry.offset });
  }
  for (const account of accounts?.accounts ?? []) {
    for (const entry of account.ledger) {
      if (!entry.reference || entry.kind === "grant") continue;
      add(entry.reference, { at: entry.milliseconds, kind: entry.kind === "release" ? "refund" : "charge", text: entry.kind === "reserve" ? `${-entry.amount} credits reserved` : entry.kind === "capture" ? "credits charged" : `${entry.amount} credits released` });
    }
  }
  addFindings(judged?.findings ?? [], add);
  return found;
}

/** A finding is at the last of its requests. */
function addFindings(findings, add) {
  if (!findings.length) return;
  const times = new Map(feed.entries.filter((entry) => entry.number).map((entry) => [entry.number, entry.at]));
  for (const finding of findings) {
    const at = finding.requests.map((number) => times.get(number)).filter((each) => each !== undefined).at(-1);
    if (at === undefined) continue;
    for (const job of finding.jobs) add(job, { at, kind: "finding", text: `${finding.rule}: ${finding.message}`, href: `#/findings?rule=${finding.rule}` });
  }
}

function ticks(left, right) {
  const steps = [1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000];
  const step = steps.find((each) => (right - left) / each <= 7) ?? steps.at(-1);
  const first = Math.ceil(left / step) * step;
  return Array.from({ length: Math.floor((right - first) / step) + 1 }, (_, n) => first + n * step);
}

/** The steps of a job as segments. Those before the last change come from the journal. */
function segments(job, events) {
  const created = job.created;
  const base = job.steps[0]?.at ?? created;
  const earlier = events.filter((event) => event.kind === "step" && event.at < base);
  const parts = [];
  if (base > created) {
    const marks = [{ at: created, status: "queued" }, ...earlier];
    marks.forEach((mark, n) => parts.push({ status: mark.status, at: mark.at, until: marks[n + 1]?.at ?? base }));
  }
  return [...parts, ...job.steps.map((step) => ({ ...step, label: step.stage ?? step.status }))];
}

function Lane({ job, events, x, left, right, now, open, reload, go }) {
  const created = job.created;
  const visible = events.filter((event) => event.at >= left && event.at <= right && event.kind !== "step");
  return html`<article class="lane ${open ? "open" : ""}"><a class="who" href="#/jobs${open ? "" : `/${encodeURIComponent(job.id)}`}" aria-expanded=${open}><strong>${job.id}</strong><span class="count">${job.provider} · ${shortName(job.operation)}</span><span class="state ${job.status}">${job.held ? "held: " : ""}${job.stage ?? job.status}${job.progress !== null && !ENDED.has(job.status) ? ` ${job.progress} %` : ""}</span></a>
    <div class="track-time">${segments(job, events).map((part) => {
      const until = part.until ?? (ENDED.has(part.status) ? part.at : Math.max(now, part.at));
      const from = Math.max(left, part.at);
      const to = Math.min(right, until);
      if (ENDED.has(part.status)) return part.at >= left && part.at <= right ? html`<i class="endpoint ${part.status} ${part.at > now ? "future" : ""}" style=${{ left: `${x(part.at)}%` }} title="${part.status} at ${clockTime(part.at)}"></i>` : null;
      if (to <= from) return null;
      const done = Math.min(to, now);
      return html`${done > from && html`<i class="segment ${part.status}" style=${{ left: `${x(from)}%`, width: `${x(done) - x(from)}%` }} title="${part.label ?? part.status} from ${clockTime(part.at)}"><span>${part.label ?? part.status}</span></i>`}
        ${to > Math.max(now, from) && html`<i class="segment future ${part.status}" style=${{ left: `${x(Math.max(now, from))}%`, width: `${x(to) - x(Math.max(now, from))}%` }} title="${part.label ?? part.status} until ${clockTime(until)}"></i>`}`;
    })}
      ${visible.map((event) => event.offset || event.href ? html`<a class="glyph ${event.kind} ${event.bad ? "bad" : ""}" style=${{ left: `${x(event.at)}%` }} href=${event.href ?? `#/journal/${event.offset}`} title="${clockTime(event.at)} ${event.text}" aria-label="${event.text} at ${clockTime(event.at)}"></a>` : html`<i class="glyph ${event.kind}" style=${{ left: `${x(event.at)}%` }} title="${clockTime(event.at)} ${event.text}"></i>`)}
      ${x(now) >= 0 && x(now) <= 100 && html`<i class="now-line" style=${{ left: `${x(now)}%` }}></i>`}
      ${created > right && html`<span class="off right-off">later ›</span>`}${created < left && (job.steps.at(-1)?.until ?? job.steps.at(-1)?.at ?? created) < left && html`<span class="off">‹ ${clockTime(created).slice(0, 8)}</span>`}</div>
    ${open && html`<${Job} job=${job} events=${events} reload=${reload} go=${go} />`}</article>`;
}

function Job({ job, events, reload }) {
  const path = `/jobs/${encodeURIComponent(job.id)}?provider=${job.provider}`;
  const [last, setLast] = useState(null);
  const act = (method, where, body) => async () => {
    setLast({ method, where, body });
    await call(method, where, body);
    reload();
  };
  const ended = ENDED.has(job.status);
  return html`<div class="job"><div class="buttons"><${Action} disabled=${ended || job.held} run=${act("POST", "/clock", { until: { job: job.id } })}>Advance until it ends<//>
      ${job.held ? html`<${Action} run=${act("POST", path, { release: true })}>Release<//>` : html`<${Action} disabled=${ended} run=${act("POST", path, { hold: true })}>Hold<//>`}
      <${Action} disabled=${ended} run=${act("POST", path, { status: "succeeded" })}>Force success<//>
      <${Action} kind="danger" disabled=${ended} run=${act("POST", path, { status: "failed", error: "forced to fail" })}>Force failure<//>
      <a class="button" href="#/journal?q=${encodeURIComponent(`job:${job.id}`)}">Journal of this job</a></div>
    ${last && html`<${Curl} method=${last.method} path=${last.where} body=${last.body} />`}
    <dl class="plain"><div><dt>Plan</dt><dd>${job.plan}: ${job.timeline}</dd></div><div><dt>Rule</dt><dd>${job.rule ?? "none"}</dd></div><div><dt>Account</dt><dd>${job.account}</dd></div>${job.error && html`<div><dt>Error</dt><dd>${job.error}</dd></div>`}</dl>
    <ol class="story">${[...events].sort((a, b) => a.at - b.at).slice(-60).map((event) => html`<li><time>${clockTime(event.at)}</time><i class="glyph ${event.kind} ${event.bad ? "bad" : ""}"></i>${event.offset || event.href ? html`<a href=${event.href ?? `#/journal/${event.offset}`}>${event.text}</a>` : html`<span>${event.text}</span>`}</li>`)}</ol></div>`;
}
