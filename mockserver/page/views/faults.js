// Faults for the next requests, and clearing parts of the sandbox.
import { call, get } from "../api.js";
import { Action, Curl, Empty, Problem, plural, shortName } from "../parts.js";
import { feed } from "../feed.js";
import { html, useEffect, useLoaded, useState, useStore } from "../html.js";

const KINDS = ["rate_limited", "server_error", "overloaded", "unauthorized", "forbidden", "insufficient_credits", "invalid_request", "not_found", "too_large", "latency", "hang", "reset", "empty_reply", "truncate", "stall", "garble", "slow_drip"];
const TIMED = ["latency", "stall", "hang"];

/** All operations, from the OpenAPI documents of the providers. */
export async function operations() {
  const { providers } = await get("/ready");
  const names = await Promise.all(providers.map(async (provider) => {
    const { paths } = await get(`/openapi/${provider}`);
    return Object.values(paths).flatMap((item) => Object.values(item)).map((each) => each.operationId).filter(Boolean).map((id) => `${provider}.${id}`);
  }));
  return names.flat();
}

export function Faults({ route }) {
  useStore(feed);
  const [armed, error, reload] = useLoaded(() => get("/faults"), [feed.state.faults]);
  const [names] = useLoaded(operations, []);
  const [fault, setFault] = useState({ operation: route.params.get("operation") ?? "*", kind: "rate_limited", times: 1, after: "", lasts: "2s", phase: "" });
  const seen = [...new Set(feed.entries.slice(-500).reverse().map((entry) => entry.kind === "request" && entry.operation).filter(Boolean))].slice(0, 6);
  const set = (name) => (event) => setFault({ ...fault, [name]: event.target.value });
  const body = { operation: fault.operation, times: Number(fault.times) || 1, fault: { kind: fault.kind, ...(fault.phase && { phase: fault.phase }), ...(fault.after && { retry_after: fault.after }), ...(TIMED.includes(fault.kind) && { for: fault.lasts }) } };
  return html`<section class="columns" aria-label="Faults and reset">
    <div class="card"><h2>Make the next request fail</h2>
      <label>Operation <input list="operations" value=${fault.operation} onInput=${set("operation")} /></label>
      ${seen.length > 0 && html`<div class="chips" role="group" aria-label="Operations of the last requests">${["*", ...seen].map((name) => html`<button type="button" class="chip" aria-pressed=${fault.operation === name} onClick=${() => setFault({ ...fault, operation: name })}>${name === "*" ? "any" : shortName(name)}</button>`)}</div>`}
      <datalist id="operations">${(names ?? []).map((name) => html`<option value=${name}></option>`)}</datalist>
      <div class="fields-row"><label>Fault <select aria-label="Fault" value=${fault.kind} onChange=${set("kind")}>${KINDS.map((kind) => html`<option>${kind}</option>`)}</select>
        </label>
      <label>Times <input type="number" min="1" value=${fault.times} onInput=${set("times")} /></label></div>
      <div class="fields-row"><label>When <select value=${fault.phase} onChange=${set("phase")}>
        <option value="">the fault's default</option><option value="before_commit">before anything is done</option>
        <option value="after_commit">after the job exists</option><option value="mid_body">in the middle of the reply</option></select>
        </label>
      ${TIMED.includes(fault.kind) ? html`<label>For <input value=${fault.lasts} onInput=${set("lasts")} />
        </label>` : html`<label>Retry-After <input placeholder="20s" value=${fault.after} onInput=${set("after")} /></label>`}</div>
      <${Action} kind="primary" run=${async () => { await call("POST", "/faults", body); reload(); }}>Arm the fault<//>
      <${Curl} method="POST" path="/faults" body=${body} /></div>
    <div class="card"><h2>Armed faults</h2><${Problem} error=${error} />
      ${armed?.faults.length ? html`<ul class="rows">${armed.faults.map((each) => html`<li><strong>${each.fault.kind}</strong>
        <span>${each.operation}</span><span class="count">${plural(each.times, "more request")}</span></li>`)}</ul>
        <${Action} run=${async () => { await call("DELETE", "/faults"); reload(); }}>Disarm all<//>
          <${Curl} method="DELETE" path="/faults" />` : html`<${Empty}><p>No fault is armed.</p><//>`}</div>
    <${Reset} /></section>`;
}

function Reset() {
  const [what, setWhat] = useState("journal");
  const texts = { journal: "The journal", jobs: "Jobs and deliveries", counters: "Counters and credits", faults: "Armed faults", all: "Everything" };
  return html`<div class="card"><h2>Reset</h2><fieldset>
    <legend class="hidden">What to clear</legend>${Object.entries(texts).map(([name, text]) => html`<label class="radio">
    <input type="radio" name="what" checked=${what === name} onChange=${() => setWhat(name)} /> ${text}</label>`)}</fieldset>
    <${Action} kind="danger" run=${() => call("POST", "/reset", { what })}>Clear ${texts[what].toLowerCase()}<//>
    <${Curl} method="POST" path="/reset" body=${{ what }} /></div>`;
}
