// The lane of one job: its steps as a bar, below it its calls, and below these its charges and webhooks.
import { Action, Curl, ENDED, clockTime, duration, number, shortName } from "../parts.js";
import { call } from "../api.js";
import { html, useEffect, useRef, useState } from "../html.js";

// What is in the second row of a lane. Everything else but findings and steps is in the first.
const EFFECTS = new Set(["charge", "refund", "delivery"]);
// Percent of the width: marks of one kind that are nearer to each other are drawn as one.
const NEAR = 0.4;
const KEPT = 100;

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

/** The events between two times, with those of one kind that are close together as one. */
function marks(events, left, right, x) {
  const last = new Map();
  const drawn = [];
  for (const event of events) {
    if (event.at < left || event.at > right || event.kind === "step") continue;
    const kind = `${event.kind} ${event.bad ?? ""}`;
    const before = last.get(kind);
    if (before && x(event.at) - before.x < NEAR) Object.assign(before, { event, count: before.count + 1 });
    else {
      const mark = { event, count: 1, x: x(event.at) };
      last.set(kind, mark);
      drawn.push(mark);
    }
  }
  return drawn;
}

export function Lane({ job, events, x, left, right, now, open, reload, show }) {
  const last = job.steps.at(-1)?.until ?? job.steps.at(-1)?.at ?? job.created;
  const lane = useRef(null);
  useEffect(() => {
    if (open) lane.current.scrollIntoView({ block: "nearest" });
  }, [open]);
  return html`<article ref=${lane} class="lane ${open ? "open" : ""}">
    <a class="who" href="#/jobs${open ? "" : `/${encodeURIComponent(job.id)}`}" aria-expanded=${open}><strong>${job.id}</strong>
    <span class="count">${job.provider} · ${shortName(job.operation)}</span>
    <span class="state ${job.status}">${job.held ? "held: " : ""}${job.stage ?? job.status}${job.progress !== null && !ENDED.has(job.status) ? ` ${job.progress} %` : ""}</span>
    </a>
    <div class="track-time">${segments(job, events).map((part) => html`<${Segment} part=${part} x=${x} left=${left} right=${right} now=${now} />`)}
      ${marks(events, left, right, x).map((mark) => html`<${Mark} mark=${mark} />`)}
      ${x(now) >= 0 && x(now) <= 100 && html`<i class="now-line" style=${{ left: `${x(now)}%` }}></i>`}
      ${job.created > right && html`<button type="button" class="off right-off" onClick=${() => show(job)}>${clockTime(job.created).slice(0, 8)} ›</button>`}
      ${job.created < left && last < left && html`<button type="button" class="off" onClick=${() => show(job)}>‹ ${clockTime(job.created).slice(0, 8)}</button>`}</div>
    ${open && html`<${Job} job=${job} events=${events} reload=${reload} />`}</article>`;
}

/** A step: solid until now, and striped after it. */
function Segment({ part, x, left, right, now }) {
  const label = part.label ?? part.status;
  if (ENDED.has(part.status)) return part.at >= left && part.at <= right ? html`<i class="endpoint ${part.status} ${part.at > now ? "future" : ""}" style=${{ left: `${x(part.at)}%` }} title="${part.status} at ${clockTime(part.at)}">
    </i>` : null;
  const until = part.until ?? Math.max(now, part.at);
  const from = Math.max(left, part.at);
  const to = Math.min(right, until);
  if (to <= from) return null;
  const done = Math.min(to, now);
  const rest = Math.max(now, from);
  return html`${done > from && html`<i class="segment ${part.status}" style=${{ left: `${x(from)}%`, width: `${x(done) - x(from)}%` }} title="${label} from ${clockTime(part.at)}">
    <span>${label}</span></i>`}
    ${to > rest && html`<i class="segment future ${part.status}" style=${{ left: `${x(rest)}%`, width: `${x(to) - x(rest)}%` }} title="${label} until ${clockTime(until)}">
      </i>`}`;
}

function Mark({ mark: { event, count, x } }) {
  const text = count > 1 ? `${number(count)} ${event.kind === "finding" ? "findings" : "times"}, last: ${event.text}` : event.text;
  const look = { class: `glyph ${event.kind} ${event.bad ? "bad" : ""} ${EFFECTS.has(event.kind) ? "effect" : ""}`, style: { left: `${x}%` }, title: `${clockTime(event.at)} ${text}` };
  const href = event.href ?? (event.offset && `#/journal/${event.offset}`);
  return href ? html`<a ...${look} href=${href} aria-label="${text} at ${clockTime(event.at)}"></a>` : html`<i ...${look}></i>`;
}

/** What can be done with a job, and what happened to it. */
function Job({ job, events, reload }) {
  const path = `/jobs/${encodeURIComponent(job.id)}?provider=${job.provider}`;
  const [last, setLast] = useState(null);
  const act = (method, where, body) => async () => {
    setLast({ method, where, body });
    await call(method, where, body);
    reload();
  };
  const ended = ENDED.has(job.status);
  const journal = `#/journal?q=${encodeURIComponent(`job:${job.id}`)}`;
  const earlier = events.length - KEPT;
  return html`<div class="job"><div class="buttons">
    <${Action} disabled=${ended || job.held} run=${act("POST", "/clock", { until: { job: job.id } })}>Advance until it ends<//>
      ${job.held ? html`<${Action} run=${act("POST", path, { release: true })}>Release<//>` : html`<${Action} disabled=${ended} run=${act("POST", path, { hold: true })}>Hold<//>`}
      <${Action} disabled=${ended} run=${act("POST", path, { status: "succeeded" })}>Force success<//>
      <${Action} kind="danger" disabled=${ended} run=${act("POST", path, { status: "failed", error: "forced to fail" })}>Force failure<//>
      <a class="button" href=${journal}>Journal of this job</a></div>
    ${last && html`<${Curl} method=${last.method} path=${last.where} body=${last.body} />`}
    <div class="halves"><dl class="plain"><div><dt>Plan</dt><dd>${job.plan}: ${job.timeline}</dd></div><div><dt>Rule</dt>
      <dd>${job.rule ?? "none"}</dd></div><div><dt>Account</dt><dd><a href="#/accounts">${job.account}</a></dd></div><div><dt>Took</dt>
      <dd>${ended ? duration(job.steps.at(-1).at - job.created) : "not ended"}</dd></div>
      <div><dt>Webhooks</dt><dd><${JobWebhooks} job=${job} events=${events} ended=${ended} /></dd></div>${job.error && html`<div>
        <dt>Error</dt><dd>${job.error}</dd></div>`}</dl>
    <div>${earlier > 0 && html`<p class="count">${number(earlier)} earlier: <a href=${journal}>journal of this job</a></p>`}
      <ol class="story">${events.slice(-KEPT).map((event) => html`<li><time>${clockTime(event.at)}</time>
        <i class="glyph ${event.kind} ${event.bad ? "bad" : ""}">
        </i>${event.offset || event.href ? html`<a href=${event.href ?? `#/journal/${event.offset}`}>${event.text}</a>` : html`<span>${event.text}</span>`}</li>`)}</ol>
        </div></div></div>`;
}

/** The webhooks of a job with their last results, or why there is none. */
function JobWebhooks({ job, events, ended }) {
  const latest = new Map(events.filter((event) => event.kind === "delivery").map((event) => [event.delivery ?? event.offset, event]));
  if (latest.size) return [...latest].map(([id, event]) => html`<p>
    <a href=${event.delivery ? `#/webhooks/${encodeURIComponent(id)}` : `#/journal/${id}`} class=${event.bad ? "wrong" : ""}>${event.text}</a>
    </p>`);
  if (job.hasReceiver === false) return html`none: the <a href="#/accounts">account</a> has no receiver`;
  return ended ? "none was sent" : "none so far";
}
