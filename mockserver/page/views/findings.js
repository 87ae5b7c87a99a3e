// What the clients did wrong: the findings of the verdict, each with its requests on the sandbox's time.
import { Curl, Empty, Problem, Status, clockTime, plural, shortName } from "../parts.js";
import { feed } from "../feed.js";
import { html, useMemo, useState, useStore } from "../html.js";
import { verdict } from "../verdict.js";

const KINDS = { error: "bad", warning: "warn", note: "info" };
const MOST = 8;

export function Findings({ route, go }) {
  useStore(feed);
  useStore(verdict);
  const { data, error } = verdict;
  const byNumber = useMemo(() => new Map(feed.entries.filter((entry) => entry.number).map((entry) => [entry.number, entry])), [feed.version]);
  if (!data) return html`<${Problem} error=${error} />`;
  const wanted = route.params.get("severity") ?? "";
  const rule = route.params.get("rule") ?? "";
  const shown = data.findings.filter((each) => (!wanted || each.severity === wanted) && (!rule || each.rule === rule));
  const total = data.findings.length;
  const chips = [["All", "", total], ...Object.entries(data.counts).map(([name, count]) => [`${name}s`, name, count])];
  return html`<section class="findings" aria-label="Findings"><div class="bar">
    <div class="chips" role="group" aria-label="Severity">${chips.map(([text, value, count]) => html`<button type="button" class="chip" aria-pressed=${wanted === value && !rule} onClick=${() => go("findings", value ? { severity: value } : {})}>${text} ${count}</button>`)}
      ${rule && html`<button type="button" class="chip" aria-pressed="true" onClick=${() => go("findings")}>${rule} ✕</button>`}</div>
      <span class="count end">${plural(data.requests, "request")}, ${plural(data.jobs, "job")}, ${plural(data.deliveries, "webhook")}</span>
        </div>
    <${Problem} error=${error} />
    ${!data.complete && html`<p class="hint">The oldest entries were dropped from the journal, so the verdict is about the rest.</p>`}
    ${data.left_out > 0 && html`<p class="hint">Left out: ${plural(data.left_out, "more finding")}. A rule lists at most 100.</p>`}
    ${data.allowed > 0 && html`<p class="hint">Not listed: ${plural(data.allowed, "finding")} of rules that are allowed.</p>`}
    ${total === 0
      ? html`<${Empty}>${data.observed ? html`<h2>No finding</h2>
        <p>No rule of the verdict has found a mistake of a client in what was observed.</p>` : html`<h2>Nothing was observed yet</h2>
        <p>When your program has sent requests, this view says what it did wrong: jobs that were paid for twice, polls that come too fast, refusals that were ignored, webhooks that were accepted without a valid signature.</p>`}<//>`
      : html`<ol class="finding-list">${shown.map((finding) => html`<${Finding} key=${`${finding.rule} ${finding.requests[0]} ${finding.jobs[0]} ${finding.message}`} finding=${finding} byNumber=${byNumber} go=${go} />`)}</ol>
        ${shown.length === 0 && html`<${Empty}><p>No finding matches.</p>
          <button type="button" onClick=${() => go("findings")}>Show all ${total}</button><//>`}`}
    <div class="below"><${Curl} method="GET" path="/verdict" /></div></section>`;
}

function Finding({ finding, byNumber, go }) {
  const [all, setAll] = useState(false);
  const { documented } = finding;
  const calls = finding.requests.map((number) => [number, byNumber.get(number)]);
  const rows = all ? calls : calls.slice(0, MOST);
  return html`<li class="finding"><article aria-label=${finding.rule}><header>
    <span class="status ${KINDS[finding.severity]}">${finding.severity}</span>
      <button type="button" class="link" title="Only this rule" onClick=${() => go("findings", { rule: finding.rule })}>${finding.rule}</button>
      ${finding.credits > 0 && html`<span class="badge bad">${plural(finding.credits, "credit")}</span>`}
      <span class="count end">${finding.operation ?? finding.provider ?? ""}</span></header>
    <p class="message">${linked(finding.message, byNumber)}</p>
    <p class="instead"><strong>Instead:</strong> ${linked(finding.instead, byNumber)}</p>
    ${documented && html`<p class="basis">
      <span class="badge ${documented.class}">${documented.class}</span> <span>${documented.what}</span> <span class="count">${documented.source}</span>
      </p>`}
    ${calls.length > 0 && html`<${TimeLine} calls=${calls} /><ul class="calls">${rows.map(([number, entry]) => html`<li>${entry
        ? html`<a href="#/journal/${entry.offset}"><span class="number">#${number}</span>
          <time>${clockTime(entry.at)}</time>${entry.kind === "request" ? html`<${Status} status=${entry.status} />` : html`<span class="status">${entry.kind}</span>`}<span>${entry.operation ? shortName(entry.operation) : entry.note ?? entry.path}</span>
          </a>`
        : html`<span class="count"><span class="number">#${number}</span> is no longer in this page</span>`}</li>`)}</ul>
      ${calls.length > MOST && html`<button type="button" class="small" onClick=${() => setAll(!all)}>${all ? "Fewer" : `All ${calls.length}`}</button>`}`}
    ${(finding.jobs.length > 0 || finding.deliveries.length > 0) && html`<p class="facts">${finding.jobs.slice(0, 6).map((job) => html`<a href="#/jobs/${encodeURIComponent(job)}">${job}</a>`)}${finding.deliveries.slice(0, 6).map((id) => html`<a href="#/webhooks/${encodeURIComponent(id)}">${id}</a>`)}</p>`}</article>
      </li>`;
}

/** The requests of a finding, to scale. */
function TimeLine({ calls }) {
  const known = calls.map(([, entry]) => entry).filter(Boolean);
  if (known.length < 2) return null;
  const from = known[0].at;
  const span = known.at(-1).at - from;
  if (span <= 0) return null;
  return html`<div class="time-line" aria-hidden="true">${known.map((entry) => html`<i style=${{ left: `${((entry.at - from) / span) * 100}%` }}>
    </i>`)}</div>`;
}

/** Numbers such as #12 in a text become links to the entries, and what is in backticks becomes code. */
function linked(text, byNumber) {
  return text.split(/(#\d+|`[^`]+`)/).map((part) => {
    if (part.startsWith("`")) return html`<code>${part.slice(1, -1)}</code>`;
    const entry = /^#\d+$/.test(part) ? byNumber.get(Number(part.slice(1))) : undefined;
    return entry ? html`<a href="#/journal/${entry.offset}">${part}</a>` : part;
  });
}
