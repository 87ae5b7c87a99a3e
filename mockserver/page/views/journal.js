// The journal: a live list with a filter, and the details of one entry beside it.
import { Code, Empty, Status, VirtualList, becomes, clockTime, duration, number, plural, shortName, useKeys } from "../parts.js";
import { feed, isFailure } from "../feed.js";
import { html, useEffect, useLoaded, useMemo, useRef, useState, useStore } from "../html.js";
import { base, get } from "../api.js";
import { Entry } from "./entry.js";

const ROW = 34;
const FIELDS = {
  status: (entry, value) => (/^\dxx$/.test(value) ? Math.floor((entry.status ?? 0) / 100) === Number(value[0]) : String(entry.status ?? "none") === value),
  op: (entry, value) => matches(entry.operation, value),
  // A request that is refused before its job is looked up names the job in its path.
  job: (entry, value) => matches(entry.job ?? entry.path, value),
  rule: (entry, value) => matches(entry.rule, value),
  kind: (entry, value) => entry.kind === value,
  provider: (entry, value) => matches(entry.provider, value),
  account: (entry, value) => matches(entry.account, value),
  fault: (entry, value) => (entry.fault ?? "") === value,
  method: (entry, value) => (entry.method ?? "").toLowerCase() === value,
  is: (entry, value) => (value === "failed" ? isFailure(entry) : value === "deviating" ? Boolean(entry.deviations) : false),
};
const matches = (text, value) => (text ?? "").toLowerCase().includes(value);

/** Parse a filter such as `status:429 op:analyze -kind:transition text`. Returns [test, unknown fields]. */
export function parseFilter(text) {
  const unknown = [];
  const tests = (text.match(/-?[a-z]+:"[^"]*"|\S+/gi) ?? []).map((part) => {
    const negative = part.startsWith("-") && part.length > 1;
    const [, field, raw] = part.slice(negative ? 1 : 0).match(/^([a-z]+):(.*)$/i) ?? [];
    const known = field && FIELDS[field.toLowerCase()];
    if (field && !known && !/^https?$/.test(field)) unknown.push(field);
    const value = (known ? raw : part.slice(negative ? 1 : 0)).replaceAll('"', "").toLowerCase();
    const test = known
      ? (entry) => value === "" || known(entry, value)
      : (entry) => [entry.path, entry.note, entry.operation, entry.job, entry.rule].some((each) => matches(each, value));
    return negative ? (entry) => !test(entry) : test;
  });
  return [(entry) => tests.every((test) => test(entry)), unknown];
}

export function describe(entry) {
  if (entry.kind === "request") return entry.operation ? shortName(entry.operation) : `${entry.method} ${entry.path}`;
  if (entry.kind === "transition") return `job ${becomes(entry.note)}`;
  if (entry.kind === "delivery") return entry.note.split(" attempt ")[0];
  if (entry.kind === "clock") return entry.note.replace(/\d{4}-\d\d-\d\dT([\d:]+)Z/, "$1");
  return entry.note ?? entry.kind;
}

/** The column beside it: what else is worth knowing. */
function noteOf(entry) {
  if (entry.kind === "delivery") return entry.status ? `attempt ${entry.attempt} to ${entry.path}` : entry.note.replace(/^\S+ (?=attempt )/, "");
  if (entry.kind !== "request" || (!entry.note && !entry.deviations)) return entry.job ?? "";
  const more = entry.deviations?.length > 1 ? ` and ${entry.deviations.length - 1} more` : "";
  return entry.note ?? `deviates: ${entry.deviations[0]}${more}`;
}

export function Journal({ route, go }) {
  useStore(feed);
  const query = route.params.get("q") ?? "";
  const search = useRef(null);
  const [follow, setFollow] = useState(true);
  const [test, unknown] = useMemo(() => parseFilter(query), [query]);
  const entries = useMemo(() => feed.entries.filter(test).reverse(), [feed.version, test]);
  const open = route.rest[0] ? Number(route.rest[0]) : undefined;
  const selected = open === undefined ? -1 : entries.findIndex((entry) => entry.offset === open);
  const to = (offset, q = query) => go(`journal${offset === undefined ? "" : `/${offset}`}`, q ? { q } : {});

  useKeys({ search, items: entries, current: open, id: (entry) => entry.offset, to });

  const row = (entry) => html`<li key=${entry.offset} class="row ${entry.kind} ${isFailure(entry) ? "failed" : ""} ${entry.offset === open ? "selected" : ""}" style=${{ height: `${ROW}px` }}>
    <a href="#/journal/${entry.offset}${query ? `?q=${encodeURIComponent(query)}` : ""}" aria-current=${entry.offset === open ? "true" : undefined}>
      <time>${clockTime(entry.at).slice(0, 8)}<span class="ms">${clockTime(entry.at).slice(8)}</span></time>
      <span class="mark">${entry.kind === "request" || entry.kind === "delivery" ? html`<${Status} status=${entry.status} />` : html`<span class="dot">
        </span>`}</span>
      <span class="what">${describe(entry)}</span>
      <span class="provider">${entry.provider ?? ""}</span>
      <span class="rule">${entry.fault && html`<span class="badge bad">${entry.fault}</span> `}${entry.rule ?? ""}</span>
      <span class="note">${noteOf(entry)}</span>
      <span class="took">${entry.ms ? duration(entry.ms) : ""}</span>
    </a></li>`;

  return html`<section class="journal ${open === undefined ? "" : "split"}" aria-label="Journal">
    <div class="pane">
      <div class="bar">
        <label class="search"><span class="hidden">Filter</span>
          <input ref=${search} type="search" value=${query} placeholder="Filter: status:429 op:analyze job:ana_…" spellcheck=${false}
            onInput=${(event) => to(open, event.target.value)} /></label>
        <div class="chips" role="group" aria-label="Filters">
          ${[["All", ""], ["Failed", "is:failed"], ["Requests", "kind:request"], ["Webhooks", "kind:delivery"]].map(
            ([name, q]) => html`<button type="button" class="chip" aria-pressed=${query === q} onClick=${() => to(open, q)}>${name}</button>`)}
        </div>
        <span class="count">${number(entries.length)} of ${number(feed.entries.length)}</span>
        <button type="button" aria-pressed=${feed.paused} onClick=${() => feed.pause(!feed.paused)}>${feed.paused ? "Resume" : "Pause"}</button>
      </div>
      ${unknown.length > 0 && html`<p class="hint wrong">There is no field ${unknown.join(", ")}. The fields are ${Object.keys(FIELDS).join(", ")}.</p>`}
      ${feed.missed > 0 && html`<p class="hint">${number(feed.missed)} entries were dropped from the journal before this page could read them.</p>`}
      ${entries.length === 0
        ? html`<${Empty}>${feed.entries.length ? html`<p>No entry matches this filter.</p>
          <button type="button" onClick=${() => to(open, "")}>Clear the filter</button>` : html`<${FirstRequest} />`}<//>`
        : html`<div class="head row" aria-hidden="true"><span>Time</span><span>Status</span><span>What</span><span>Provider</span>
          <span>Rule and fault</span><span>Note</span><span>Took</span></div>
          <${VirtualList} items=${entries} height=${ROW} row=${row} label="Entries, newest first" selected=${follow ? selected : undefined} onScroll=${(node) => setFollow(node.scrollTop < 40 || selected >= 0)} />`}
    </div>
    ${open !== undefined && html`<${Entry} key=${open} offset=${open} close=${() => to(undefined)} go=${go} />`}
  </section>`;
}

function FirstRequest() {
  const [turn, setTurn] = useState(0);
  const [list] = useLoaded(() => get("/sandboxes"), [turn]);
  const newest = (list?.sandboxes ?? []).filter((each) => each.outcome).reverse();
  const tests = [...newest.filter((each) => each.outcome === "failed"), ...newest.filter((each) => each.outcome !== "failed")];
  useEffect(() => {
    const timer = setInterval(() => setTurn((n) => n + 1), 2000);
    return () => clearInterval(timer);
  }, []);
  if (tests.length) return html`<${Tests} tests=${tests} />`;
  const example = `curl ${location.origin}${base}/videotoprompt/v1/analyze/url \\\n  -H 'Authorization: Bearer test-key' -H 'Content-Type: application/json' \\\n  -d '{"url": "https://example.com/hike.mp4"}'`;
  return html`<h2>Waiting for the first request</h2><p>Point your program at this server, or try:</p>
    <${Code} text=${example} label="curl command" />`;
}

/** The tests of a run of pytest: those that failed, then the others, the newest first. Each has a sandbox of its own. */
function Tests({ tests }) {
  const failed = tests.filter((each) => each.outcome === "failed").length;
  const kinds = { passed: "delivered", failed: "given_up" };
  return html`<h2>${plural(tests.length, "test")}${failed ? `, ${failed} failed` : ""}</h2><p>Each test has a sandbox of its own.</p>
    <ul class="rows links tests" aria-label="Tests">${tests.map((each) => html`<li key=${each.name}>
      <a href="/~${encodeURIComponent(each.name)}/_mock/"><span class="outcome ${kinds[each.outcome] ?? "pending"}">${each.outcome}</span>
      <span>${each.title}</span></a></li>`)}</ul>`;
}
