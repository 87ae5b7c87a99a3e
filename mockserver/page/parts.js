// Small parts that several views use.
import { curlOf } from "./api.js";
import { feed } from "./feed.js";
import { html, useEffect, useRef, useState } from "./html.js";

export const clockTime = (ms) => new Date(ms).toISOString().slice(11, 23);
export const dayTime = (ms) => new Date(ms).toISOString().replace("T", " ").slice(0, 19);
export const shortName = (operation) => (operation ?? "").split(".").pop();

export const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 2 });
/** A count with its noun: 1 job, 2 jobs. */
export const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

export const ENDED = new Set(["succeeded", "failed", "cancelled"]);
/** What a step does to its job, in words: is running, succeeded. */
export const becomes = (step) => (ENDED.has(step) ? step : `is ${step}`);

/** A duration as people write it: 350 ms, 2.5 s, 3 min 20 s, 2 h 5 min. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 1 : 0))} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min${ms % 60_000 >= 1000 ? ` ${Math.floor((ms % 60_000) / 1000)} s` : ""}`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h${ms % 3_600_000 >= 60_000 ? ` ${Math.floor((ms % 3_600_000) / 60_000)} min` : ""}`;
  return `${Math.floor(ms / 86_400_000)} d ${Math.floor((ms % 86_400_000) / 3_600_000)} h`;
}

export function Status({ status }) {
  if (status === undefined || status === null) return html`<span class="status bad">no reply</span>`;
  const kind = status >= 500 ? "bad" : status >= 400 ? "warn" : status >= 300 ? "info" : "good";
  return html`<span class="status ${kind}">${status}</span>`;
}

export function Copy({ text, label = "Copy" }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    await copyText(typeof text === "function" ? text() : text);
    setDone(true);
    setTimeout(() => setDone(false), 1200);
  };
  return html`<button type="button" class="small" onClick=${copy}>${done ? "Copied" : label}</button>`;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard API.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

export function Code({ text, label, lines = 24 }) {
  return html`<div class="code"><pre tabindex="0" aria-label=${label} style=${{ maxHeight: `${lines * 1.5}em` }}>${text}</pre>
    <${Copy} text=${text} /></div>`;
}

const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** JSON with colours. The text is split into spans; nothing of it becomes markup. */
export function Json({ text, label }) {
  let pretty = text;
  try {
    pretty = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return html`<${Code} text=${text} label=${label} />`;
  }
  const spans = [];
  let last = 0;
  for (const match of pretty.slice(0, 50_000).matchAll(TOKENS)) {
    spans.push(pretty.slice(last, match.index));
    const kind = match[2] !== undefined ? "key" : match[1] !== undefined ? "text" : match[3] !== undefined ? "word" : "number";
    spans.push(html`<span class="j-${kind}">${match[1] ?? match[0]}</span>`, match[2] ?? "");
    last = match.index + match[0].length;
  }
  spans.push(pretty.slice(last));
  return html`<div class="code"><pre tabindex="0" aria-label=${label}>${spans}</pre><${Copy} text=${pretty} /></div>`;
}

/** The curl command that does the same as an action. */
export function Curl({ method, path, body }) {
  return html`<details class="curl"><summary>curl</summary><${Code} text=${curlOf(method, path, body)} label="curl command" /></details>`;
}

export function Problem({ error }) {
  if (!error) return null;
  return html`<div class="problem" role="alert"><strong>${error.message}</strong>
    ${error.errors?.length > 0 && html`<ul>${error.errors.map((each) => html`<li>${each}</li>`)}</ul>`}</div>`;
}

/** A button that performs an action. An error is shown beside it. */
export function Action({ run, children, kind = "", title, disabled }) {
  const [state, setState] = useState({});
  const press = async () => {
    setState({ busy: true });
    try {
      await run();
      setState({});
    } catch (error) {
      setState({ error });
    }
  };
  return html`<span class="action"><button type="button" class=${kind} title=${title} disabled=${state.busy || disabled || Boolean(feed.state.read_only)} onClick=${press}>${children}</button>
    ${state.error && html`<span class="wrong" role="alert">${state.error.message}</span>`}</span>`;
}

/** A list of which only the visible rows exist. `row` draws one; all rows have the same height. */
export function VirtualList({ items, height, row, label, selected, onScroll }) {
  const box = useRef(null);
  const [view, setView] = useState([0, 40]);
  const measure = () => {
    const node = box.current;
    if (!node) return;
    const first = Math.max(0, Math.floor(node.scrollTop / height) - 6);
    const count = Math.ceil(node.clientHeight / height) + 12;
    setView((before) => (before[0] === first && before[1] === count ? before : [first, count]));
  };
  useEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const node = box.current;
    if (selected === undefined || selected < 0) return;
    if (selected * height < node.scrollTop) node.scrollTop = selected * height;
    else if ((selected + 1) * height > node.scrollTop + node.clientHeight) node.scrollTop = (selected + 1) * height - node.clientHeight;
  }, [selected]);
  const [first, count] = view;
  const shown = items.slice(first, first + count);
  return html`<div class="list" ref=${box} tabindex="0" role="region" aria-label=${label} onScroll=${() => { measure(); onScroll?.(box.current); }}>
    <div class="list-all" style=${{ height: `${items.length * height}px` }}>
      <ul class="list-rows" style=${{ transform: `translateY(${first * height}px)` }}>${shown.map((item, n) => row(item, first + n))}</ul>
    </div></div>`;
}

/**
 * The keys of a view: `j` and `k` go to the next and the previous of `items`, `/` to the field `search`, and Escape
 * closes. `to` gets the id of an item, or nothing.
 */
export function useKeys({ search, items = [], current, id, to }) {
  // Not `current`: a second key can come before the first one is drawn.
  const selection = useRef(current);
  useEffect(() => {
    selection.current = current;
  }, [current]);
  useEffect(() => {
    const press = ({ detail: key }) => {
      if (key === "/") search?.current?.focus();
      else if (key === "Escape") to?.();
      else if (to) {
        const at = items.findIndex((item) => String(id(item)) === String(selection.current));
        const next = items[at < 0 ? 0 : at + (key === "j" ? 1 : -1)];
        if (next === undefined) return;
        selection.current = id(next);
        to(id(next));
      }
    };
    window.addEventListener("mock-key", press);
    return () => window.removeEventListener("mock-key", press);
  });
}

export function Empty({ children }) {
  return html`<div class="empty">${children}</div>`;
}
