// Jobs as lanes on the time axis of the sandbox.
import { ENDED, Empty, Problem, becomes, clockTime, duration, number, plural, shortName, useKeys } from "../parts.js";
import { get } from "../api.js";
import { feed, isFailure } from "../feed.js";
import { html, useEffect, useLoaded, useMemo, useRef, useState, useStore } from "../html.js";
import { Lane } from "./lane.js";
import { move } from "./clock.js";
import { verdict } from "../verdict.js";

const SPANS = [10_000, 30_000, 60_000, 300_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000];
const FIRST_SPAN = 60_000;
const LISTED = 100;
// A shorter text in the search is not the whole id of a job.
const WHOLE_ID = 8;
// The part of the axis that is after now, when it follows now.
const AHEAD = 0.2;
const GLYPHS = { submit: "submit", poll: "poll", fetch: "file", fault: "failed", charge: "charge", refund: "refund", delivery: "webhook", finding: "finding" };

const keyOf = (provider, id) => `${provider} ${id}`;

export function Jobs({ route, go }) {
  useStore(feed);
  useStore(verdict);
  const turn = useTurns();
  const open = route.rest[0];
  const search = useRef(null);
  const [list, error, reload] = useLoaded(() => get(`/jobs?limit=${LISTED}`), [turn]);
  const [accounts] = useLoaded(() => get("/accounts"), [turn]);
  const older = useOlder(list, open, turn);
  const events = useMemo(() => byJob([...(list?.jobs ?? []), ...(older ?? [])], accounts, verdict.data), [turn, list, older, accounts, verdict.data]);
  const receivers = useMemo(() => new Map((accounts?.accounts ?? []).map((each) => [`${each.provider}:${each.key}`, Boolean(each.webhook)])), [accounts]);
  const all = list?.jobs ?? [];
  // A job that is opened stays among the others. A part of an id is a search.
  const isSearch = open && !all.some((job) => job.id === open);
  const jobs = all.filter((job) => !isSearch || job.id.includes(open)).concat(older ?? []);
  const eventsOf = (job) => events.get(keyOf(job.provider, job.id)) ?? [];
  const axis = useAxis(jobs.find((job) => job.id === open), eventsOf);
  useKeys({ search, items: jobs, current: open, id: (job) => job.id, to: (id) => go(id === undefined ? "jobs" : `jobs/${encodeURIComponent(id)}`) });

  if (list && list.jobs.length === 0) return html`<${Empty}><h2>No job yet</h2>
    <p>A job appears here as soon as a request creates one: an analysis, a video, a description.</p><//>`;
  const { left, right, span, x, now } = axis;
  return html`<section class="jobs" aria-label="Jobs"><div class="bar">
      <label class="search"><span class="hidden">Find a job by its id</span>
        <input ref=${search} type="search" placeholder="Find a job by its id" value=${open ?? ""} onInput=${(event) => go(event.target.value ? `jobs/${encodeURIComponent(event.target.value)}` : "jobs")} />
        </label>
      <div class="group" role="group" aria-label="Zoom">
        <button type="button" aria-label="Zoom in" title="Zoom in" onClick=${() => axis.zoom(-1)}>+</button>
        <span class="count">${duration(span)}</span>
        <button type="button" aria-label="Zoom out" title="Zoom out" onClick=${() => axis.zoom(1)}>−</button>
        <button type="button" title="Show these jobs from the first to the last" disabled=${jobs.length === 0} onClick=${() => axis.fit(jobs)}>Fit</button>
        </div>
      <div class="group" role="group" aria-label="Scroll in time">
        <button type="button" aria-label="Earlier" title="Earlier" onClick=${() => axis.setEnd(right - span / 2)}>‹</button>
        <button type="button" aria-pressed=${axis.follows} onClick=${() => axis.setEnd(null)}>Follow now</button>
        <button type="button" aria-label="Later" title="Later" onClick=${() => axis.setEnd(right + span / 2)}>›</button></div>
      <span class="legend">${Object.entries(GLYPHS).map(([kind, text]) => html`<span><i class="glyph ${kind}"></i>${text}</span>`)}</span>
        </div>
    <${Problem} error=${error} />
    <div class="lanes"><${Axis} axis=${axis} />
      ${jobs.map((job) => html`<${Lane} key=${keyOf(job.provider, job.id)} job=${{ ...job, hasReceiver: receivers.get(job.account) }} events=${eventsOf(job)} x=${x} left=${left} right=${right} now=${now} open=${open === job.id} reload=${reload} show=${(each) => axis.fit([each])} />`)}</div>
    ${open && list && jobs.length === 0 && html`<p class="hint">No job has the id ${open}. <a href="#/jobs">Show all jobs</a></p>`}
    ${!open && list?.total > LISTED && html`<p class="hint">These are the newest ${LISTED} of ${number(list.total)} jobs. The search finds the others by their whole id.</p>`}</section>`;
}

/** Grows while something happens, at most once a second. A clock that runs moves the lanes meanwhile. */
function useTurns() {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let seen = -1;
    let last = 0;
    const timer = setInterval(() => {
      if (seen !== feed.version && performance.now() - last > 900) {
        setTurn((n) => n + 1);
        seen = feed.version;
        last = performance.now();
      } else if (feed.state.speed) feed.changed();
    }, 250);
    return () => clearInterval(timer);
  }, []);
  return turn;
}

/** The job with the id `open`, as a list, if it is older than those that are listed. */
function useOlder(list, open, turn) {
  const wanted = open?.length >= WHOLE_ID && list && list.total > list.jobs.length && !list.jobs.some((job) => job.id.includes(open)) ? open : undefined;
  const [found] = useLoaded(() => (wanted ? get(`/jobs/${encodeURIComponent(wanted)}`).then((job) => [job], () => []) : Promise.resolve([])), [wanted, turn]);
  return wanted ? found : [];
}

/** The part of the time that is visible. Without an `end` it follows now. An open job is brought into view. */
function useAxis(chosen, eventsOf) {
  const [span, setSpan] = useState(FIRST_SPAN);
  const [end, setEnd] = useState(null);
  const [drag, setDrag] = useState(null);
  const before = useRef(null);
  const now = feed.now();
  const right = end ?? now + span * AHEAD;
  const left = right - span;

  const fit = (jobs) => {
    const times = jobs.flatMap((job) => [job.created, ENDED.has(job.status) ? job.steps.at(-1).at : now, ...eventsOf(job).map((event) => event.at)]);
    const [from, to] = [Math.min(...times), Math.max(...times)];
    const wide = SPANS.find((each) => each * (1 - 2 * AHEAD) >= to - from) ?? SPANS.at(-1);
    setSpan(wide);
    setEnd(now <= to ? null : to + wide * AHEAD);
  };
  const known = feed.state.now > 0;
  useEffect(() => {
    if (!known) return;
    if (chosen) {
      before.current ??= [span, end];
      if (chosen.created < left || chosen.created > right) fit([chosen]);
    } else if (before.current) {
      setSpan(before.current[0]);
      setEnd(before.current[1]);
      before.current = null;
    }
  }, [known, chosen?.id]);
  return {
    left, right, span, drag, setDrag, setEnd, fit,
    follows: end === null,
    real: now,
    now: drag ?? now,
    x: (ms) => ((ms - left) / span) * 100,
    zoom: (step) => setSpan(SPANS[Math.min(SPANS.length - 1, Math.max(0, SPANS.indexOf(span) + step))]),
  };
}

/** The times, and now, which is dragged to advance a clock that stands still. */
function Axis({ axis }) {
  const box = useRef(null);
  const { left, right, span, x, now, real, drag, setDrag, setEnd } = axis;
  const still = feed.state.mode === "manual" && !feed.state.read_only;
  const timeAt = (event) => {
    const { left: edge, width } = box.current.getBoundingClientRect();
    return left + ((event.clientX - edge) / width) * span;
  };
  const dragNow = {
    onPointerDown: (event) => {
      if (!still) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setEnd(right);
      setDrag(real);
    },
    onPointerMove: (event) => drag !== null && setDrag(Math.max(real, timeAt(event))),
    onPointerUp: async () => {
      if (drag === null) return;
      const by = Math.round(drag - real);
      setDrag(null);
      if (by > 0) await move({ advance: `${by}ms` });
      setEnd(null);
    },
    onKeyDown: (event) => still && event.key === "ArrowRight" && move({ advance: event.shiftKey ? "10s" : "1s" }),
  };
  return html`<div class="axis"><div></div>
    <div class="ticks" ref=${box}>${ticks(left, right).filter((at) => x(at) > 4 && x(at) < 96 && Math.abs(x(at) - x(now)) > 4.5).map((at) => html`<span style=${{ left: `${x(at)}%` }}>${clockTime(at).slice(0, 8)}</span>`)}
    ${x(now) >= 0 && x(now) <= 100 && html`<button type="button" class="now ${still ? "grab" : ""}" style=${{ left: `${x(now)}%` }} aria-label=${still ? "Now. Press the right arrow key to advance by a second" : "Now"} title=${still ? "Drag to advance the clock" : "Now"} ...${dragNow}>${drag ? `+${duration(drag - real)}` : "now"}</button>`}</div>
      </div>`;
}

function ticks(left, right) {
  const steps = [1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000];
  const step = steps.find((each) => (right - left) / each <= 7) ?? steps.at(-1);
  const first = Math.ceil(left / step) * step;
  return Array.from({ length: Math.floor((right - first) / step) + 1 }, (_, n) => first + n * step);
}

/** What happened to each job, in order, by its provider and id: from the feed, the ledgers, and the findings. */
function byJob(jobs, accounts, judged) {
  const known = new Map(jobs.map((job) => [keyOf(job.provider, job.id), job]));
  const found = new Map();
  const add = (provider, job, event) => {
    const key = keyOf(provider, job);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(event);
  };
  for (const entry of feed.entries) {
    // A request that is refused before its job is looked up names the job in its path.
    const job = entry.job ?? (entry.kind === "request" ? entry.path?.split("/").find((part) => known.has(keyOf(entry.provider, part))) : undefined);
    if (job) add(entry.provider, job, eventOf(entry, known.get(keyOf(entry.provider, job))));
  }
  for (const account of accounts?.accounts ?? []) {
    for (const entry of account.ledger) if (entry.reference && entry.kind !== "grant") add(account.provider, entry.reference, chargeOf(entry));
  }
  addFindings(judged?.findings ?? [], add);
  for (const events of found.values()) events.sort((a, b) => a.at - b.at);
  return found;
}

function eventOf(entry, job) {
  const { at, offset, delivery } = entry;
  if (entry.kind === "delivery") return { at, offset, delivery, kind: "delivery", bad: isFailure(entry), text: entry.status ? entry.note.replace(/response$/, entry.status) : entry.note };
  if (entry.kind === "transition") return { at, offset, kind: "step", status: entry.note, text: becomes(entry.note) };
  const isSubmit = job !== undefined && entry.number === job.cause;
  const kind = isFailure(entry) ? "fault" : isSubmit ? "submit" : /file|download|asset/.test(entry.operation ?? "") ? "fetch" : "poll";
  return { at, offset, kind, text: `${shortName(entry.operation)} ${entry.status ?? "no reply"}${entry.note ? `: ${entry.note}` : ""}` };
}

function chargeOf({ milliseconds: at, kind, amount }) {
  const credits = plural(Math.abs(amount), "credit");
  if (kind === "reserve") return { at, kind: "charge", text: `${credits} reserved` };
  if (kind === "capture") return { at, kind: "charge", text: amount > 0 ? `the rest is charged, ${credits} released` : "the reserved credits are charged" };
  return { at, kind: "refund", text: `${credits} released` };
}

/** A finding is at the last of its requests. */
function addFindings(findings, add) {
  if (!findings.length) return;
  const numbered = new Map(feed.entries.filter((entry) => entry.number).map((entry) => [entry.number, entry]));
  for (const finding of findings) {
    const last = finding.requests.map((number) => numbered.get(number)).filter(Boolean).at(-1);
    if (!last) continue;
    for (const job of finding.jobs) add(finding.provider ?? last.provider, job, { at: last.at, kind: "finding", text: `${finding.rule}: ${finding.message}`, href: `#/findings?rule=${finding.rule}` });
  }
}
