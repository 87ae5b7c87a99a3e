// Scenarios: switch with a search, and edit in place with the mistakes at their lines.
import { call, get } from "../api.js";
import { Action, Curl, Problem } from "../parts.js";
import { feed } from "../feed.js";
import { html, useEffect, useLoaded, useRef, useState, useStore } from "../html.js";

const DRAFT = "mockserver-draft";

export function Scenario() {
  useStore(feed);
  const [list, error] = useLoaded(() => get("/scenarios"), []);
  const [query, setQuery] = useState("");
  const [text, setText] = useState(sessionStorage.getItem(DRAFT) ?? "");
  const search = useRef(null);
  useEffect(() => {
    const press = (event) => event.detail === "/" && search.current?.focus();
    window.addEventListener("mock-key", press);
    return () => window.removeEventListener("mock-key", press);
  }, []);
  const words = query.toLowerCase().split(/\s+/);
  const shown = (list?.scenarios ?? []).filter((each) => words.every((word) => `${each.name} ${each.description}`.toLowerCase().includes(word)));
  const edit = async (name) => {
    try {
      setText(await get(`/scenarios/${encodeURIComponent(name)}`));
    } catch {
      // A scenario that was uploaded has no file: it is shown as JSON, which is also YAML.
      setText(JSON.stringify(await get("/scenario"), null, 2));
    }
  };
  return html`<section class="scenario" aria-label="Scenario"><div class="pane">
    <div class="bar"><label class="search"><span class="hidden">Search scenarios</span><input ref=${search} type="search" placeholder="Search ${list?.scenarios.length ?? ""} scenarios" value=${query} onInput=${(event) => setQuery(event.target.value)} /></label></div>
    <${Problem} error=${error} /><${ScenarioFile} />
    <ul class="rows scenarios" tabindex="0" aria-label="Scenarios">${shown.map((each) => html`<li key=${each.name} class=${each.name === feed.state.scenario ? "selected" : ""}><div><strong>${each.name}</strong>${each.name === feed.state.scenario && html` <span class="badge good">active</span>`}<p class="count">${each.description}</p></div>
      <div class="buttons"><button type="button" class="small" onClick=${() => edit(each.name)}>Edit</button><${Action} kind="small" disabled=${each.name === feed.state.scenario} run=${() => call("PUT", "/scenario", { name: each.name })}>Use<//></div></li>`)}</ul></div>
    <${Editor} text=${text} setText=${setText} edit=${edit} /></section>`;
}

/** The file that the server watches, and the mistakes in it. */
function ScenarioFile() {
  const { file } = feed.state;
  const [watched] = useLoaded(() => (file ? get("/scenario/file") : Promise.resolve(undefined)), [file?.mistakes, file?.mistake, file?.loaded_at]);
  if (!file || !watched) return null;
  const loaded = watched.loaded_at.slice(11, 19);
  if (!watched.errors.length) return html`<p class="hint">Changes of <code>${watched.file}</code> are loaded at once. Last at ${loaded} (UTC).</p>`;
  return html`<div class="file"><p>The file has mistakes. The scenario of ${loaded} (UTC) stays in use until they are mended.</p>
    <ul class="mistakes" aria-label="Mistakes in the file" tabindex="0">${watched.errors.map((each) => html`<li><code>${each.file}${each.line === null ? "" : `:${each.line}:${each.column}`}</code><span>${each.message}</span></li>`)}</ul></div>`;
}

function Editor({ text, setText, edit }) {
  const [result, setResult] = useState(null);
  const gutter = useRef(null);
  useEffect(() => {
    sessionStorage.setItem(DRAFT, text);
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
  const marked = new Map([...(result?.warnings ?? []), ...(result?.mistakes ?? [])].map((each) => [each.line, each]));
  const lines = text.split("\n").length;
  return html`<div class="editor"><div class="bar"><h2>Edit</h2>${!text && html`<button type="button" class="small" onClick=${() => edit(feed.state.scenario)}>Open the active scenario</button>`}
      ${result && html`<span class="outcome ${result.valid ? "delivered" : "given_up"}" role="status">${result.valid ? `valid, ${result.rules} rules${result.warnings?.length ? `, ${result.warnings.length} warning${result.warnings.length === 1 ? "" : "s"}` : ""}` : `${result.mistakes.length} mistake${result.mistakes.length === 1 ? "" : "s"}`}</span>`}
      <span class="end"><${Action} kind="primary" disabled=${!result?.valid} run=${() => call("PUT", "/scenario", text)}>Apply<//></span></div>
    <div class="source"><div class="gutter" ref=${gutter} aria-hidden="true">${Array.from({ length: lines }, (_, n) => html`<div class=${marked.has(n + 1) ? "mistake" : ""} title=${marked.get(n + 1)?.message}>${n + 1}</div>`)}</div>
      <textarea aria-label="Scenario in YAML" spellcheck=${false} wrap="off" value=${text} placeholder="scenario: mine\nextends: default" onInput=${(event) => setText(event.target.value)} onScroll=${(event) => { gutter.current.scrollTop = event.target.scrollTop; }}></textarea></div>
    ${result?.warnings?.length > 0 && html`<ul class="mistakes" role="status">${result.warnings.map((each) => html`<li>${each.line && html`<code>${each.line}:${each.column}</code>`}<span>warning: ${each.message}</span></li>`)}</ul>`}
    ${result && !result.valid && html`<ul class="mistakes" role="alert">${result.mistakes.map((each) => html`<li>${each.line && html`<code>${each.line}:${each.column}</code>`}<span>${each.message}</span></li>`)}</ul>`}
    <${Curl} method="PUT" path="/scenario" body=${text || { name: feed.state.scenario }} /></div>`;
}
