// The details of one journal entry.
import { asCurl, asNode, asPython, asRule, asScenario } from "../copies.js";
import { base, get } from "../api.js";
import { Code, Copy, Json, Problem, Status, becomes, dayTime, duration } from "../parts.js";
import { feed } from "../feed.js";
import { keepDraft } from "../draft.js";
import { html, useLoaded, useMemo, useState } from "../html.js";

export function Entry({ offset, close, go }) {
  const [entry, error] = useLoaded(() => get(`/journal/${offset}`), [offset]);
  const [tab, setTab] = useState("reply");
  if (error) return html`<aside class="detail" aria-label="Entry"><${Header} title="Entry ${offset}" close=${close} />
    <${Problem} error=${error} /></aside>`;
  if (!entry) return html`<aside class="detail" aria-label="Entry"><${Header} title="…" close=${close} /></aside>`;
  const title = entry.kind === "request" ? `${entry.method} ${entry.path}` : entry.kind === "transition" ? `${entry.job} ${becomes(entry.note)}` : entry.note;
  const tabs = entry.kind === "request"
    ? [["reply", "Reply"], ["request", "Request"], ["rule", "Why this rule"], ["facts", `Sources ${entry.behaviours.length}`], ["copy", "Copy as"]]
    : [["reply", "Entry"], ["facts", `Sources ${entry.behaviours.length}`]];
  const current = tabs.some(([name]) => name === tab) ? tab : "reply";
  return html`<aside class="detail" aria-label="Entry">
    <${Header} title=${title} close=${close} />
    <p class="facts">${entry.kind === "request" && html`<${Status} status=${entry.status} />`}<span>${dayTime(entry.milliseconds)}</span>
      ${entry.duration_ms > 0 && html`<span>${duration(entry.duration_ms)}</span>`}
      ${entry.fault && html`<span class="badge bad">${entry.fault}</span>`}
      ${entry.operation && html`<span>${entry.operation}</span>`}
      ${entry.account && html`<a href="#/accounts">${entry.account}</a>`}
      ${entry.job && html`<a href="#/jobs/${encodeURIComponent(entry.job)}">${entry.job}</a>`}
      ${entry.delivery && html`<a href="#/webhooks/${encodeURIComponent(entry.delivery)}">delivery ${entry.delivery}</a>`}</p>
    ${entry.kind === "request" && entry.operation && !feed.state.read_only && html`<p class="next">
      <a class="button small" href="#/faults?operation=${encodeURIComponent(entry.operation)}">Make the next one fail</a></p>`}
    ${entry.note && entry.kind === "request" && !isArmed(entry) && html`<p class="said">${entry.note}</p>`}
    ${entry.deviations?.length > 0 && html`<div class="deviations"><strong>Deviations from the contract</strong>
      <ul>${entry.deviations.map((each) => html`<li>${each}</li>`)}</ul></div>`}
    <div class="tabs" role="tablist" aria-label="Parts of the entry">${tabs.map(([name, text]) => html`<button type="button" role="tab" id="tab-${name}" aria-selected=${current === name} aria-controls="tab-panel" onClick=${() => setTab(name)}>${text}</button>`)}</div>
    <div role="tabpanel" id="tab-panel" aria-labelledby="tab-${current}" class="panel">
      ${current === "reply" && (entry.kind === "request" ? html`<${Reply} entry=${entry} />` : html`<p>${entry.note}</p>${entry.path && html`<${Code} text=${`${entry.method} ${entry.path}`} label="URL" />`}`)}
      ${current === "request" && html`<${Fields} fields=${entry.request.headers} label="Request headers" />
        <${Body} text=${entry.request.body} base64=${entry.request_base64} label="Request body" />`}
      ${current === "rule" && html`<${Rules} entry=${entry} />`}
      ${current === "facts" && html`<${Sources} rows=${entry.behaviours} />`}
      ${current === "copy" && html`<${Copies} entry=${entry} go=${go} />`}
    </div></aside>`;
}

/** A fault that was armed answered the request, not one of a rule. */
const isArmed = (entry) => Boolean(entry.fault) && (entry.note ?? "").startsWith("armed fault");

function Header({ title, close }) {
  return html`<header><h2>${title}</h2><button type="button" class="quiet" aria-label="Close" onClick=${close}>✕</button></header>`;
}

function Fields({ fields, label }) {
  const rows = Object.entries(fields ?? {});
  if (!rows.length) return null;
  return html`<details open class="fields"><summary>${label} <span class="count">${rows.length}</span></summary>
    <dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></details>`;
}

function Reply({ entry }) {
  const bytes = entry.reply_base64;
  const isVideo = bytes && atob(bytes.slice(0, 32)).slice(4, 8) === "ftyp";
  return html`${entry.reply.headers && html`<${Fields} fields=${entry.reply.headers} label="Reply headers" />`}
    ${isVideo && html`<video controls preload="metadata" aria-label="The video of this reply" src="${base}/${entry.provider}${entry.path}${entry.query ? `?${entry.query}` : ""}">
      </video>`}
    ${entry.chunks ? html`<${Stream} entry=${entry} />` : html`<${Body} text=${entry.reply.body} base64=${bytes} label="Reply body" />`}`;
}

function Stream({ entry }) {
  const [how, setHow] = useState("text");
  const pieces = useMemo(() => {
    const bytes = new TextEncoder().encode(entry.reply.body);
    let from = 0;
    return entry.chunks.map(([at, size]) => {
      const text = new TextDecoder().decode(bytes.slice(from, from + size));
      from += size;
      return [at, text];
    });
  }, [entry]);
  return html`<div class="chips" role="group" aria-label="Show the stream as">
    <button type="button" class="chip" aria-pressed=${how === "text"} onClick=${() => setHow("text")}>Markdown</button>
    <button type="button" class="chip" aria-pressed=${how === "chunks"} onClick=${() => setHow("chunks")}>${pieces.length} chunks</button>
    </div>
    ${how === "text" ? html`<${Markdown} text=${entry.reply.body} />` : html`<ol class="chunks">${pieces.map(([at, text]) => html`<li>
      <time>+${duration(at)}</time><span>${text}</span></li>`)}</ol>`}`;
}

/** Headings, paragraphs and tables of Markdown, with line breaks in their cells. Everything else stays text. */
function Markdown({ text }) {
  const blocks = [];
  let table = [];
  const flush = () => {
    if (table.length) {
      const [head, ...rows] = table.filter((cells) => !cells.every((cell) => /^:?-+:?$/.test(cell)));
      blocks.push(html`<div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead>
        <tr>${head?.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
        <tbody>${rows.map((cells) => html`<tr>${cells.map((cell) => html`<td>${cell.split(/<br ?\/?>/).map((line, n) => (n ? [html`<br />`, line] : line))}</td>`)}</tr>`)}</tbody>
        </table></div>`);
    }
    table = [];
  };
  for (const line of text.split("\n")) {
    if (/^\s*\|/.test(line)) {
      table.push(line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim()));
      continue;
    }
    flush();
    const heading = line.match(/^#{1,6}\s+(.*)/);
    if (heading) blocks.push(html`<p class="heading">${heading[1]}</p>`);
    else if (line.trim()) blocks.push(html`<p>${line.replaceAll("**", "")}</p>`);
  }
  flush();
  return html`<div class="markdown">${blocks}</div>`;
}

function Body({ text, base64, label }) {
  if (base64) return html`<p class="label">${label} <span class="count">binary, the first bytes</span></p>
    <${Code} text=${hex(base64)} label=${label} />`;
  if (!text) return html`<p class="label">${label} <span class="count">empty</span></p>`;
  return html`<p class="label">${label}</p><${Json} text=${text} label=${label} />`;
}

function hex(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).slice(0, 1024);
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.slice(at, at + 16)];
    const text = row.map((b) => (b > 31 && b < 127 ? String.fromCharCode(b) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${row.map((b) => b.toString(16).padStart(2, "0")).join(" ").padEnd(47)}  ${text}`);
  }
  return lines.join("\n");
}

function Rules({ entry }) {
  const elsewhere = (entry.missed ?? []).filter((each) => each.failed.startsWith("operation is not"));
  const missed = (entry.missed ?? []).filter((each) => !elsewhere.includes(each));
  const list = (rules) => html`<ul class="missed">${rules.map((each) => html`<li><strong>${each.rule}</strong><code>${each.failed}</code>
    </li>`)}</ul>`;
  return html`${entry.rule
      ? html`<p class="matched">The rule <strong>${entry.rule}</strong> matched. It is the first whose conditions all hold.</p>`
      : html`<p class="matched">${isArmed(entry) ? html`The armed fault <strong>${entry.fault}</strong> answered, before any rule.` : "No rule of the scenario matched. The provider's own behaviour applies."}</p>`}
    ${missed.length > 0 && html`<p class="label">Rules that did not match, and the first condition that failed</p>${list(missed)}`}
    ${elsewhere.length > 0 && html`<details class="fields">
      <summary>Rules for other operations <span class="count">${elsewhere.length}</span></summary>${list(elsewhere)}</details>`}`;
}

function Sources({ rows }) {
  if (!rows.length) return html`<p>Nothing in the ledger describes this entry.</p>`;
  return html`<ul class="sources">${rows.map((row) => html`<li><span class="badge ${row.class}">${row.class}</span><div><p>${row.what}</p>
    <p class="count">${row.source ?? ""}</p><code>${row.rule}</code></div></li>`)}</ul>`;
}

function Copies({ entry, go }) {
  return html`<p class="hint">Credentials are masked: put your own key in.</p>
    ${[["curl", asCurl(entry)], ["Python", asPython(entry)], ["Node", asNode(entry)], ["Rule of a scenario", asRule(entry)]].map(
      ([name, text]) => html`<p class="label">${name}</p><${Code} text=${text} label=${name} lines=${12} />`)}
    <button type="button" onClick=${() => { keepDraft(asScenario(entry)); go("scenario"); }}>Edit this rule in a scenario</button>`;
}
