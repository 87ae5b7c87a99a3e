// Scenarios: switch with a search, and edit in place with the mistakes at their lines.
import { call, get } from "../api.js";
import { dropDraft, keepDraft, keptDraft } from "../draft.js";
import { Action, Curl, Problem, plural, useKeys } from "../parts.js";
import { feed } from "../feed.js";
import { html, useEffect, useLoaded, useRef, useState, useStore } from "../html.js";

export function Scenario() {
  useStore(feed);
  const [list, error] = useLoaded(() => get("/scenarios"), []);
  const [query, setQuery] = useState("");
  const search = useRef(null);
  const editor = useEditor(list);
  useKeys({ search });
  const words = query.toLowerCase().split(/\s+/);
  const shown = listed(list).filter((each) => words.every((word) => `${each.name} ${each.description}`.toLowerCase().includes(word)));
  return html`<section class="scenario" aria-label="Scenario"><div class="pane">
    <div class="bar"><label class="search"><span class="hidden">Search scenarios</span>
      <input ref=${search} type="search" placeholder=${list ? `Search ${list.scenarios.length} scenarios` : "Search scenarios"} value=${query} onInput=${(event) => setQuery(event.target.value)} />
      </label></div>
    <${Problem} error=${error} /><${ScenarioFile} />
    <ul class="rows scenarios" tabindex="0" aria-label="Scenarios">${shown.map((each) => html`<li key=${each.name} class=${each.active ? "selected" : ""}>
      <div><strong>${each.name}</strong>${each.active && html` <span class="badge good">active</span>`}<p class="count">${each.description}</p>
      </div>
      <div class="buttons"><button type="button" class="small" onClick=${() => editor.open(each.name)}>Edit</button>
        <${Action} kind="small" disabled=${each.active} run=${() => call("PUT", "/scenario", { name: each.name })}>Use<//></div></li>`)}
      ${list && shown.length === 0 && html`<li><p class="count">No scenario has these words in its name or description.</p></li>`}</ul>
        </div>
    <${Editor} editor=${editor} /></section>`;
}

/** All scenarios, the active one first. It is not in the list of the server if it is a file of its own or an upload. */
function listed(list) {
  if (!list) return [];
  const name = feed.state.scenario;
  const description = feed.state.file ? "The file that the server was started with." : feed.state.read_only ? "The scenario of the bundle." : "It was applied to this sandbox.";
  const active = list.scenarios.find((each) => each.name === name) ?? { name, description };
  return [{ ...active, active: true }, ...list.scenarios.filter((each) => each.name !== name)];
}

/** The text in the editor. While it is not changed, it is that of the active scenario. */
function useEditor(list) {
  const kept = useRef(keptDraft()).current;
  const [text, setText] = useState(kept.text ?? "");
  const [opened, setOpened] = useState({ name: kept.applied, text: kept.applied ? kept.text : "", applied: Boolean(kept.applied) });
  const { scenario: active, file } = feed.state;
  const [problem, setProblem] = useState(null);
  const changed = text !== opened.text;
  const open = async (name) => {
    const isText = list.scenarios.some((each) => each.name === name) || (file && name === active);
    try {
      // A scenario that was applied has no file: it is shown as JSON, which is also YAML.
      const loaded = isText ? await get(`/scenarios/${encodeURIComponent(name)}`) : JSON.stringify(await get("/scenario"), null, 2);
      setOpened({ name, text: loaded, version: file?.loaded_at });
      setText(loaded);
      setProblem(null);
    } catch (error) {
      setProblem(error);
    }
  };
  useEffect(() => {
    if (list && active && !changed && (opened.name !== active || opened.version !== file?.loaded_at)) open(active);
  }, [Boolean(list), active, file?.loaded_at]);
  useEffect(() => {
    if (changed) keepDraft(text);
    else if (opened.applied) keepDraft(text, opened.name);
    else dropDraft();
  }, [text, opened]);
  const apply = async () => {
    const { scenario: name } = await call("PUT", "/scenario", text);
    setOpened({ name, text, applied: true });
  };
  return { text, setText, name: opened.name, changed, problem, open, apply, discard: () => open(active) };
}

/** The file that the server watches, and the mistakes in it. */
function ScenarioFile() {
  const { file } = feed.state;
  const [watched] = useLoaded(() => (file ? get("/scenario/file") : Promise.resolve(undefined)), [file?.mistakes, file?.mistake, file?.loaded_at]);
  if (!file || !watched) return null;
  const loaded = watched.loaded_at.slice(11, 19);
  if (!watched.errors.length) return html`<p class="hint">Changes of <code>${watched.file}</code> are loaded at once. Last at ${loaded} (UTC). What you apply here changes the sandbox and not the file.</p>`;
  return html`<div class="file"><p>The file has mistakes. The scenario of ${loaded} (UTC) stays in use until they are mended.</p>
    <ul class="mistakes" aria-label="Mistakes in the file" tabindex="0">${watched.errors.map((each) => html`<li>
      <code>${each.file}${each.line === null ? "" : `:${each.line}:${each.column}`}</code><span>${each.message}</span></li>`)}</ul></div>`;
}

function Editor({ editor: { text, setText, name, changed, problem, apply, discard } }) {
  const [result, setResult] = useState(null);
  const gutter = useRef(null);
  useEffect(() => {
    if (!text.trim()) {
      setResult(null);
      return undefined;
    }
    const wait = new AbortController();
    const timer = setTimeout(() => call("POST", "/scenario/check", text, { signal: wait.signal }).then(setResult, (error) => error.name !== "AbortError" && setResult({ valid: false, mistakes: [{ message: error.message }] })), 250);
    return () => {
      clearTimeout(timer);
      wait.abort();
    };
  }, [text]);
  const marked = new Map([...(result?.warnings ?? []).map((each) => [each.line, ["warning", each.message]]), ...(result?.mistakes ?? []).map((each) => [each.line, ["mistake", each.message]])]);
  const lines = text.split("\n").length;
  return html`<div class="editor"><div class="bar">
    <h2>${changed || !name ? "Your scenario" : name}</h2>${changed && html`<button type="button" class="small" onClick=${discard}>Discard the changes</button>`}
      ${result && html`<span class="outcome ${result.valid ? "delivered" : "given_up"}" role="status">${result.valid ? `valid, ${plural(result.rules, "rule")}${result.warnings?.length ? `, ${plural(result.warnings.length, "warning")}` : ""}` : `${plural(result.mistakes.length, "mistake")}`}</span>`}
      <span class="end"><${Action} kind="primary" disabled=${!result?.valid} run=${apply}>Apply<//></span></div>
    <${Problem} error=${problem} />
    <div class="source"><div class="gutter" ref=${gutter} aria-hidden="true">${Array.from({ length: lines }, (_, n) => html`<div class=${marked.get(n + 1)?.[0] ?? ""} title=${marked.get(n + 1)?.[1]}>${n + 1}</div>`)}</div>
      <textarea aria-label="Scenario in YAML" spellcheck=${false} wrap="off" value=${text} placeholder="scenario: mine\nextends: default" onInput=${(event) => setText(event.target.value)} onScroll=${(event) => { gutter.current.scrollTop = event.target.scrollTop; }}>
        </textarea></div>
    <div role="status">${result?.warnings?.length > 0 && html`<${Mistakes} list=${result.warnings} kind="warnings" />`}</div>
    <div role="alert">${result && !result.valid && html`<${Mistakes} list=${result.mistakes} kind="mistakes" />`}</div>
    <${Curl} method="PUT" path="/scenario" body=${text || { name: feed.state.scenario }} /></div>`;
}

function Mistakes({ list, kind }) {
  return html`<ul class="mistakes ${kind}" tabindex="0" aria-label=${kind}>${list.map((each) => html`<li>${each.line && html`<code>${each.line}:${each.column}</code>`}<span>${kind === "warnings" ? "warning: " : ""}${each.message}</span>
    </li>`)}</ul>`;
}
