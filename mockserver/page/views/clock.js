// The clock in the head of the page: the time, the mode, and moving a clock that stands still.
import { call } from "../api.js";
import { Curl, dayTime, duration } from "../parts.js";
import { feed } from "../feed.js";
import { html, useEffect, useState, useStore } from "../html.js";

export async function move(change) {
  await call("POST", "/clock", change);
}

export function Clock() {
  useStore(feed);
  const [, tick] = useState(0);
  const [error, setError] = useState(null);
  const [last, setLast] = useState(null);
  const { mode, speed, next_event: next } = feed.state;
  const fixed = Boolean(feed.state.read_only);
  const still = mode === "manual" || mode === "auto";
  useEffect(() => {
    if (still) return undefined;
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, [still]);
  useEffect(() => setError(null), [feed.status]);
  const run = async (change) => {
    setError(null);
    setLast(change);
    try {
      await move(change);
    } catch (problem) {
      setError(problem);
    }
  };
  const change = (event) => run(event.target.value === "scaled" ? { mode: "scaled", speed: 60 } : { mode: event.target.value });
  const type = (event) => {
    event.preventDefault();
    const text = new FormData(event.target).get("by").trim();
    if (text) run({ advance: /^\d+$/.test(text) ? `${text}s` : text });
  };
  const now = feed.now();
  return html`<div class="clock" role="group" aria-label="Clock">
    <time title="Time of the sandbox (UTC)">${feed.state.now ? dayTime(now) : "…"}</time>
    <label><span class="hidden">Clock mode</span>
      <select disabled=${fixed} value=${mode} onChange=${change} title="Clock mode">${["real", "scaled", "manual", "auto"].map((each) => html`<option value=${each}>${each === "scaled" && mode === "scaled" ? `scaled ${speed}×` : each}</option>`)}</select>
      </label>
    <div class="moves"><button type="button" class="small" disabled=${fixed || next === null} title=${next === null ? "Nothing is due" : `In ${duration(Math.max(0, next - now))}`} onClick=${() => run({ to: "next" })}>Next event</button>
    <button type="button" class="small" disabled=${fixed} onClick=${() => run({ advance: "1m" })}>+1m</button>
    <button type="button" class="small" disabled=${fixed} onClick=${() => run({ advance: "1h" })}>+1h</button>
    <form onSubmit=${type}><label><span class="hidden">Advance by</span>
      <input name="by" disabled=${fixed} placeholder="90s" size="5" title="Advance by a duration such as 90s" /></label></form></div>
    ${error && html`<span class="wrong" role="alert">${error.message}</span>`}
    ${last && html`<${Curl} method="POST" path="/clock" body=${last} />`}
  </div>`;
}
