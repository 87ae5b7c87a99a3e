// Deliveries: what was sent, each attempt, the signature and how to verify it, and replay.
import { call, get } from "../api.js";
import { Action, Code, Curl, Empty, Json, Problem, Status, clockTime, dayTime, duration, plural, useKeys } from "../parts.js";
import { feed } from "../feed.js";
import { html, useLoaded, useRef, useState, useStore } from "../html.js";

const LISTED = 200;
// Characters of a refusal of the receiver that are shown without a click.
const MOST = 300;
const OUTCOMES = [["All", ""], ["Pending", "pending"], ["Delivered", "delivered"], ["Given up", "given_up"]];

const accepted = (attempt) => attempt.status >= 200 && attempt.status < 300;
const resultOf = (attempt) => attempt.error ?? (attempt.status ? `the receiver answered ${attempt.status}` : attempt.outcome.replaceAll("_", " "));
const wordOf = (delivery) => (delivery.outcome === "pending" && delivery.attempts.length ? "retrying" : delivery.outcome.replaceAll("_", " "));

/** Why a delivery has not arrived, and what comes next. Empty if it has. */
function reasonOf({ outcome, attempts, next_attempt_at: next }) {
  const last = attempts.at(-1);
  if (outcome === "delivered") return "";
  const result = last && resultOf(last);
  if (outcome === "given_up") return last ? `Given up after ${plural(attempts.length, "attempt")}: ${result}` : "Given up before the first attempt";
  const due = next ? Date.parse(next) : undefined;
  // Only a clock that stands still does not make the text wrong at once.
  const away = due > feed.now() && feed.state.speed === 0 ? `, in ${duration(due - feed.now())}` : "";
  const wait = due === undefined ? "" : `at ${clockTime(due).slice(0, 8)}${away}`;
  return last ? `${result}; next attempt ${wait}` : `first attempt ${wait}`;
}

export function Webhooks({ route, go }) {
  useStore(feed);
  const turn = feed.entries.filter((entry) => entry.kind === "delivery").length;
  const [list, error, reload] = useLoaded(() => get(`/deliveries?limit=${LISTED}`), [turn, feed.state.next_event]);
  const search = useRef(null);
  const open = route.rest[0];
  const query = Object.fromEntries(route.params);
  const all = list?.deliveries ?? [];
  const words = (query.q ?? "").toLowerCase().split(/\s+/);
  const deliveries = all.filter((each) => (!query.outcome || each.outcome === query.outcome) && words.every((word) => `${each.event} ${each.url} ${each.job} ${each.provider}`.toLowerCase().includes(word)));
  const to = (id, changed = {}) => go(id === undefined ? "webhooks" : `webhooks/${encodeURIComponent(id)}`, Object.fromEntries(Object.entries({ ...query, ...changed }).filter(([, value]) => value)));
  useKeys({ search, items: deliveries, current: open, id: (each) => each.id, to });
  const delivery = all.find((each) => each.id === open);
  if (list && !all.length) return html`<${Empty}><h2>No webhook was sent yet</h2>
    <p>An account gets webhooks when it has a receiver: set one below <a href="#/accounts">Accounts</a>, or in the scenario.</p><//>`;
  const suffix = route.params.size ? `?${route.params}` : "";
  return html`<section class="journal ${delivery ? "split" : ""}" aria-label="Webhooks"><div class="pane">
    <div class="bar"><label class="search"><span class="hidden">Find webhooks</span>
      <input ref=${search} type="search" value=${query.q ?? ""} placeholder="Event, job, provider or receiver" onInput=${(event) => to(open, { q: event.target.value })} />
      </label>
      <div class="chips" role="group" aria-label="Outcome">${OUTCOMES.map(([text, value]) => html`<button type="button" class="chip" aria-pressed=${(query.outcome ?? "") === value} onClick=${() => to(open, { outcome: value })}>${text}</button>`)}</div>
      <span class="count">${all.length === LISTED ? `the newest ${LISTED}` : `${deliveries.length} of ${all.length}`}</span></div>
    <${Problem} error=${error} />
    ${list && !deliveries.length ? html`<${Empty}><p>No webhook matches.</p>
      <button type="button" onClick=${() => go("webhooks")}>Show all ${all.length}</button><//>`
      : html`<ul class="rows links deliveries">${deliveries.map((each) => html`<li key=${each.id} class=${each.id === open ? "selected" : ""}>
        <a href="#/webhooks/${encodeURIComponent(each.id)}${suffix}" aria-current=${each.id === open ? "true" : undefined}>
        <time class="count">${each.created_at.slice(11, 19)}</time><span class="outcome ${each.outcome}">${wordOf(each)}</span>
          <strong>${each.event}</strong><span class="why">${reasonOf(each) || each.url}</span><${Tries} attempts=${each.attempts} /></a>
          </li>`)}</ul>`}</div>
    ${delivery && html`<${Delivery} key=${delivery.id} delivery=${delivery} reload=${reload} close=${() => to(undefined)} />`}
    ${open && list && !delivery && html`<aside class="detail" aria-label="Delivery"><header><h2>${open}</h2>
      <button type="button" class="quiet" aria-label="Close" onClick=${() => to(undefined)}>✕</button></header>
      <p>It is not among the newest ${LISTED} webhooks of this sandbox.</p></aside>`}</section>`;
}

/** A dot for each attempt, at most ten. */
function Tries({ attempts }) {
  return html`<span class="tries">${attempts.slice(-10).map((attempt) => html`<span class="try-dot ${accepted(attempt) ? "good" : "bad"}" title="attempt ${attempt.number}: ${resultOf(attempt)}">
    </span>`)}<span class="count">${attempts.length}<span class="hidden"> attempt${attempts.length === 1 ? "" : "s"}</span></span></span>`;
}

function Delivery({ delivery, reload, close }) {
  const [url, setUrl] = useState("");
  const body = url ? { url } : {};
  const path = `/deliveries/${encodeURIComponent(delivery.id)}/replay`;
  const reason = reasonOf(delivery);
  return html`<aside class="detail" aria-label="Delivery"><header><h2>${delivery.event}</h2>
    <button type="button" class="quiet" aria-label="Close" onClick=${close}>✕</button></header>
    <p class="facts"><span class="outcome ${delivery.outcome}">${wordOf(delivery)}</span>
      <span>${delivery.method} ${delivery.url}</span>${delivery.job && html`<a href="#/jobs/${encodeURIComponent(delivery.job)}">${delivery.job}</a>`}</p>
    ${reason && html`<p class="said" role="status">${reason}</p>`}
    <div class="replay"><${Action} kind="primary" run=${async () => { await call("POST", path, body); reload(); }}>Replay<//>
      <label>to another receiver (optional) <input value=${url} onInput=${(event) => setUrl(event.target.value.trim())} placeholder=${delivery.url} />
        </label></div>
    <${Curl} method="POST" path=${path} body=${body} />
    <h3>Attempts</h3>${delivery.attempts.length === 0 && html`<p class="count">None so far.</p>`}
    <ol class="attempts">${[...delivery.attempts].reverse().map((attempt) => html`<${Attempt} attempt=${attempt} receiver=${delivery.url} />`)}</ol>
    <h3>Body</h3><${Json} text=${delivery.body} label="Body" />
    <${Verify} delivery=${delivery} /></aside>`;
}

function Attempt({ attempt, receiver }) {
  return html`<li><p class="facts"><strong>${attempt.number}</strong>${attempt.status ? html`<${Status} status=${attempt.status} />` : html`<span class="status bad">${attempt.outcome.replaceAll("_", " ")}</span>`}<span>${dayTime(Date.parse(attempt.at))}</span>
    <span>${duration(attempt.elapsed_ms)}</span>${attempt.url !== receiver && html`<span>to ${attempt.url}</span>`}</p>
    ${attempt.error && html`<p class="wrong">${attempt.error}</p>`}
    ${!accepted(attempt) && attempt.reply && html`<p class="wrong answer">${attempt.reply.slice(0, MOST)}</p>`}
    ${attempt.tampering && html`<p class="said">The scenario changed this attempt: ${attempt.tampering.join(", ")}</p>`}
    <details><summary>Headers and reply</summary><dl class="plain">${Object.entries(attempt.headers).map(([name, value]) => html`<div>
      <dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      ${attempt.reply && html`<p class="label">Reply of the receiver</p>
        <${Code} text=${attempt.reply} label="Reply of the receiver" />`}</details></li>`;
}

function Verify({ delivery }) {
  const [found] = useLoaded(() => get(`/deliveries/${encodeURIComponent(delivery.id)}/verification`), [delivery.id, delivery.attempts.length]);
  const [language, setLanguage] = useState("python");
  if (!found) return null;
  return html`<h3>Verify the signature</h3><p>${found.header}: ${found.description}.</p>
    <div class="chips" role="group" aria-label="Language">${[["python", "Python"], ["node", "Node"]].map(([name, text]) => html`<button type="button" class="chip" aria-pressed=${language === name} onClick=${() => setLanguage(name)}>${text}</button>`)}</div>
    <${Code} text=${found[language]} label="Program that verifies the signature" />`;
}
