// Deliveries: what was sent, each attempt, the signature and how to verify it, and replay.
import { call, get } from "../api.js";
import { Action, Code, Copy, Curl, Empty, Json, Problem, Status, dayTime, duration } from "../parts.js";
import { feed } from "../feed.js";
import { html, useLoaded, useState, useStore } from "../html.js";

const WORDS = { pending: "pending", delivered: "delivered", given_up: "given up" };

export function Webhooks({ route, go }) {
  useStore(feed);
  const turn = feed.entries.filter((entry) => entry.kind === "delivery").length;
  const [list, error, reload] = useLoaded(() => get("/deliveries?limit=200"), [turn, feed.state.next_event]);
  const open = route.rest[0];
  const deliveries = list?.deliveries ?? [];
  const delivery = deliveries.find((each) => each.id === open);
  return html`<section class="journal ${open ? "split" : ""}" aria-label="Webhooks"><div class="pane"><${Problem} error=${error} />
    ${list && deliveries.length === 0 ? html`<${Empty}><h2>No webhook was sent yet</h2><p>An account gets webhooks when it has a receiver: set one below <a href="#/accounts">Accounts</a>, or in the scenario.</p><//>`
      : html`<ul class="rows links deliveries">${deliveries.map((each) => html`<li class=${each.id === open ? "selected" : ""}><a href="#/webhooks/${encodeURIComponent(each.id)}" aria-current=${each.id === open ? "true" : undefined}>
        <span class="outcome ${each.outcome}">${WORDS[each.outcome]}</span><strong>${each.event}</strong><span class="url">${each.url}</span><span class="tries">${each.attempts.map((attempt) => html`<span class="try-dot ${attempt.status >= 200 && attempt.status < 300 ? "good" : "bad"}" title="attempt ${attempt.number}: ${attempt.status ?? attempt.error ?? attempt.outcome}"></span>`)}<span class="count">${each.attempts.length} attempt${each.attempts.length === 1 ? "" : "s"}</span></span><time class="count">${each.created_at.slice(11, 19)}</time></a></li>`)}</ul>`}</div>
    ${delivery && html`<${Delivery} key=${delivery.id} delivery=${delivery} reload=${reload} close=${() => go("webhooks")} />`}</section>`;
}

function Delivery({ delivery, reload, close }) {
  const [url, setUrl] = useState("");
  const body = url ? { url } : {};
  const path = `/deliveries/${encodeURIComponent(delivery.id)}/replay`;
  return html`<aside class="detail" aria-label="Delivery"><header><h2>${delivery.event}</h2><button type="button" class="quiet" aria-label="Close" onClick=${close}>✕</button></header>
    <p class="facts"><span class="outcome ${delivery.outcome}">${WORDS[delivery.outcome]}</span><span>${delivery.method} ${delivery.url}</span>${delivery.job && html`<a href="#/jobs/${encodeURIComponent(delivery.job)}">${delivery.job}</a>`}
      ${delivery.next_attempt_at && html`<span>next attempt ${delivery.next_attempt_at.slice(0, 19).replace("T", " ")}</span>`}</p>
    <div class="replay"><${Action} kind="primary" run=${async () => { await call("POST", path, body); reload(); }}>Replay<//>
      <label>elsewhere <input value=${url} onInput=${(event) => setUrl(event.target.value.trim())} placeholder=${delivery.url} /></label></div>
    <${Curl} method="POST" path=${path} body=${body} />
    <h3>Attempts</h3>${delivery.attempts.length === 0 && html`<p class="count">None so far.</p>`}
    <ol class="attempts">${[...delivery.attempts].reverse().map((attempt) => html`<li><p class="facts"><strong>${attempt.number}</strong>${attempt.status ? html`<${Status} status=${attempt.status} />` : html`<span class="status bad">${attempt.outcome}</span>`}<span>${attempt.at.slice(0, 19).replace("T", " ")}</span><span>${duration(attempt.elapsed_ms)}</span>${attempt.url !== delivery.url && html`<span>to ${attempt.url}</span>`}</p>
      ${attempt.error && html`<p class="wrong">${attempt.error}</p>`}
      ${attempt.tampering && html`<p class="said">The scenario changed this attempt: ${attempt.tampering.join(", ")}</p>`}
      <details><summary>Headers and reply</summary><dl class="plain">${Object.entries(attempt.headers).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
        ${attempt.reply && html`<p class="label">Reply of the receiver</p><${Code} text=${attempt.reply} label="Reply of the receiver" />`}</details></li>`)}</ol>
    <h3>Body</h3><${Json} text=${delivery.body} label="Body" />
    <${Verify} delivery=${delivery} /></aside>`;
}

function Verify({ delivery }) {
  const [found] = useLoaded(() => get(`/deliveries/${encodeURIComponent(delivery.id)}/verification`), [delivery.id, delivery.attempts.length]);
  const [language, setLanguage] = useState("python");
  if (!found) return null;
  return html`<h3>Verify the signature</h3><p>${found.header}: ${found.description}.</p>
    <div class="chips" role="group" aria-label="Language">${[["python", "Python"], ["node", "Node"]].map(([name, text]) => html`<button type="button" class="chip" aria-pressed=${language === name} onClick=${() => setLanguage(name)}>${text}</button>`)}</div>
    <${Code} text=${found[language]} label="Program that verifies the signature" />`;
}
