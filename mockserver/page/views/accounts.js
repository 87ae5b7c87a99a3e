// Accounts: plan, limits as bars that refill, credits as a ledger that sums.
import { call, get } from "../api.js";
import { Action, Curl, Empty, Problem, duration, number } from "../parts.js";
import { feed } from "../feed.js";
import { html, useEffect, useLoaded, useState, useStore } from "../html.js";

const byName = (a, b) => (a.provider + a.key < b.provider + b.key ? -1 : 1);

export function Accounts() {
  useStore(feed);
  // At most once a second, however busy the server is.
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let seen = feed.version;
    const timer = setInterval(() => {
      if (seen !== feed.version) setTurn((n) => n + 1);
      seen = feed.version;
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  const [list, error, reload] = useLoaded(() => get("/accounts"), [turn]);
  if (!list) return html`<${Problem} error=${error} />`;
  if (!list.accounts.length) return html`<${Empty}><h2>No account yet</h2>
    <p>An account is created when its API key is first used. Any key works unless the scenario says otherwise.</p><//>`;
  return html`<section class="cards" aria-label="Accounts">${[...list.accounts].sort(byName).map((account) => html`<${Account} key=${account.provider + account.key} account=${account} reload=${reload} />`)}</section>`;
}

function Account({ account, reload }) {
  const [editing, setEditing] = useState(false);
  const sum = account.ledger.reduce((total, entry) => total + entry.amount, 0);
  return html`<article class="card account"><header><h2>${account.provider}</h2><code>${account.key}</code>
    <span class="badge">${account.plan}</span>
      <button type="button" class="small" aria-expanded=${editing} onClick=${() => setEditing(!editing)}>Change</button></header>
    ${editing && html`<${Change} account=${account} done=${reload} />`}
    <div class="bars">${account.usage.map((usage) => html`<${Bar} usage=${usage} />`)}</div>
    <div class="credits"><p class="label">Credits</p>
      <p class="balance">${account.credits === null ? "unlimited" : number(account.credits)}${account.reserved > 0 && html` <span class="count">${number(account.reserved)} reserved</span>`}</p>
      </div>
    <div class="credits"><p class="label">Webhooks to</p>
      <p class="receiver">${account.webhook ? html`<code>${account.webhook.url}</code>${account.webhook.events.length > 0 && html` <span class="count">only ${account.webhook.events.join(", ")}</span>`}` : html`<span class="count">no receiver</span>`}</p>
      </div>
    ${account.ledger.length > 1 && html`<details class="ledger"><summary>Ledger <span class="count">${account.ledger.length} entries</span>
      </summary><div class="scroll" tabindex="0" role="region" aria-label="Ledger"><table><thead><tr><th scope="col">Time</th>
      <th scope="col">Change</th><th scope="col">Job</th><th scope="col" class="right">Amount</th></tr></thead>
      <tbody>${account.ledger.map((entry) => html`<tr><td>${entry.at.slice(11, 19)}</td><td>${entry.kind}</td>
        <td>${entry.reference && html`<a href="#/jobs/${encodeURIComponent(entry.reference)}">${entry.reference}</a>`}</td>
        <td class="right ${entry.amount < 0 ? "minus" : ""}">${entry.amount > 0 ? "+" : ""}${number(entry.amount)}</td></tr>`)}</tbody>
      <tfoot><tr><th scope="row" colspan="3">Sum${account.ledger.length >= 50 ? " of these" : ""}</th><td class="right">${number(sum)}</td>
        </tr></tfoot></table></div></details>`}</article>`;
}

function Bar({ usage }) {
  const share = usage.allowed ? Math.min(1, usage.used / usage.allowed) : 0;
  const left = Math.max(0, usage.resets_at - feed.now());
  return html`<div class="limit"><p><span>${usage.name.replaceAll("_", " ")}</span>
    <span class="count">${number(usage.used)} / ${usage.allowed === null ? "∞" : number(usage.allowed)}</span></p>
    <div class="track" role="meter" aria-label=${usage.name} aria-valuemin="0" aria-valuenow=${usage.used} aria-valuemax=${usage.allowed ?? usage.used}>
      <div class="fill ${share >= 1 ? "full" : share > 0.8 ? "high" : ""}" style=${{ width: `${share * 100}%` }}></div></div>
    <p class="count">${usage.used > 0 ? `refills in ${duration(left)}` : "unused"}</p></div>`;
}

function Change({ account, done }) {
  const [values, setValues] = useState({ plan: account.plan, credits: account.credits ?? "", webhook: account.webhook?.url ?? "", limits: {} });
  const set = (name) => (event) => setValues({ ...values, [name]: event.target.value });
  const body = {};
  if (values.plan !== account.plan) body.plan = values.plan;
  if (String(values.credits) !== String(account.credits ?? "")) body.credits = values.credits === "" ? null : Number(values.credits);
  if (values.webhook !== (account.webhook?.url ?? "")) body.webhook = values.webhook ? { url: values.webhook } : null;
  const limits = Object.fromEntries(Object.entries(values.limits).map(([name, value]) => [name, value === "" ? null : Number(value)]));
  if (Object.keys(limits).length) body.limits = limits;
  const path = `/accounts/${encodeURIComponent(account.key)}?provider=${account.provider}`;
  return html`<div class="change"><div class="fields-row"><label>Plan <input value=${values.plan} onInput=${set("plan")} /></label>
    <label>Credits <input type="number" min="0" placeholder="unlimited" value=${values.credits} onInput=${set("credits")} /></label></div>
    <label>Webhook receiver <input placeholder="none" value=${values.webhook} onInput=${set("webhook")} /></label>
    <div class="fields-row">${Object.entries(account.limits).map(([name, allowed]) => html`<label>${name.replaceAll("_", " ")} <input type="number" min="0" placeholder="unlimited" value=${values.limits[name] ?? allowed ?? ""} onInput=${(event) => setValues({ ...values, limits: { ...values.limits, [name]: event.target.value } })} />
      </label>`)}</div>
    <${Action} kind="primary" disabled=${!Object.keys(body).length} run=${async () => { await call("PATCH", path, body); done(); }}>Save<//>
      <${Curl} method="PATCH" path=${path} body=${body} /></div>`;
}
