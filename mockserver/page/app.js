// The page: routes, the frame around the views, keys, and the title.
import { ApiError, base, call, callBundle, get, onTokenWanted, sandboxName, setToken } from "./api.js";
import { feed, isFailure } from "./feed.js";
import { clockTime } from "./parts.js";
import { html, render, useEffect, useLoaded, useRef, useState, useStore } from "./html.js";
import { Accounts } from "./views/accounts.js";
import { Clock } from "./views/clock.js";
import { Faults } from "./views/faults.js";
import { Findings } from "./views/findings.js";
import { Jobs } from "./views/jobs.js";
import { Journal } from "./views/journal.js";
import { Scenario } from "./views/scenario.js";
import { Webhooks } from "./views/webhooks.js";
import { verdict } from "./verdict.js";

const VIEWS = [
  ["jobs", "Jobs", Jobs],
  ["journal", "Journal", Journal],
  ["webhooks", "Webhooks", Webhooks],
  ["findings", "Findings", Findings],
  ["accounts", "Accounts", Accounts],
  ["scenario", "Scenario", Scenario],
  ["faults", "Faults & reset", Faults],
];
const KEYS = [["j / k", "next and previous entry, webhook or job"], ["/", "filter or search"], ["1 – 7", "the views"], ["p", "pause and resume"], ["t", "dark or light"], ["Esc", "close"], ["?", "this list"]];

/** The route of the address: #/VIEW/REST?QUERY. */
function parseRoute() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...rest] = path.split("/").map(decodeURIComponent);
  return { view, rest, params: new URLSearchParams(query) };
}

function go(path, params = {}) {
  const query = new URLSearchParams(params).toString();
  const target = `#/${path}${query ? `?${query}` : ""}`;
  // Typing into a filter must not fill the history.
  if (location.hash.split("?")[0] === target.split("?")[0]) {
    history.replaceState(null, "", target);
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = target;
}

function App() {
  const [route, setRoute] = useState(parseRoute);
  const [token, setAsked] = useState(null);
  const [help, setHelp] = useState(false);
  const [theme, setTheme] = useState(localStorage.getItem("mockserver-theme") ?? "system");
  useEffect(() => {
    const change = () => setRoute(parseRoute());
    window.addEventListener("hashchange", change);
    onTokenWanted((again) => setAsked({ again }));
    return () => window.removeEventListener("hashchange", change);
  }, []);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("mockserver-theme", theme);
  }, [theme]);
  useEffect(() => {
    if (route.view !== "latest") return;
    get("/journal/latest").then((entry) => go(`journal/${entry.offset}`), () => go("journal"));
  }, [route.view]);
  useEffect(() => {
    const press = (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (typing) {
        if (event.key === "Escape") event.target.blur();
        return;
      }
      if (/^[1-7]$/.test(event.key)) go(VIEWS[event.key - 1][0]);
      else if (event.key === "?") setHelp((on) => !on);
      else if (event.key === "t") setTheme(flip);
      else if (event.key === "p") feed.pause(!feed.paused);
      else if (["/", "j", "k", "Escape"].includes(event.key)) {
        if (event.key === "Escape") setHelp(false);
        if (event.key === "/") event.preventDefault();
        window.dispatchEvent(new CustomEvent("mock-key", { detail: event.key }));
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  const [name, title, View] = VIEWS.find(([each]) => each === route.view) ?? VIEWS[1];
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>Skip to the content</a>
    <header class="top">
      <a class="brand" href="#/journal"><img src="page/icon.svg" alt="" width="22" height="22" />mockserver</a>
      <${Sandboxes} />
      <${Clock} />
      <div class="end"><${Connection} />
        <button type="button" class="quiet" aria-label="Dark or light" title="Dark or light (t)" onClick=${() => setTheme(flip)}>◐</button>
        <button type="button" class="quiet" aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)" onClick=${() => setHelp(true)}>?</button>
          </div>
    </header>
    <${Views} current=${name} />
    <${Notice} />
    ${name !== "scenario" && html`<${BrokenFile} />`}
    <main id="main" tabindex="-1"><h1 class="hidden">${title}</h1>${token ? html`<${Token} again=${token.again} done=${() => { setAsked(null); feed.reconnect(); }} />` : html`<${View} route=${route} go=${go} />`}</main>
    ${help && html`<${Help} close=${() => setHelp(false)} />`}`;
}

function flip(theme) {
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  return dark ? "light" : "dark";
}

function Views({ current }) {
  const list = useRef(null);
  // On a narrow screen the list scrolls. A badge that appears moves the current view.
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      // Not scrollIntoView, which can also scroll the page.
      const link = list.current.querySelector("[aria-current]");
      list.current.scrollLeft = link.offsetLeft - (list.current.clientWidth - link.offsetWidth) / 2;
    });
    for (const link of list.current.children) observer.observe(link);
    return () => observer.disconnect();
  }, [current]);
  return html`<nav class="views" aria-label="Views" ref=${list}>${VIEWS.map(([each, text]) => html`<a href="#/${each}" aria-current=${each === current ? "page" : undefined}>${text}<${Badge} view=${each} />
    </a>`)}</nav>`;
}

function Badge({ view }) {
  useStore(feed);
  useStore(verdict.loaded);
  const counts = verdict.data?.counts;
  const [count, what, kind] = {
    journal: [feed.failures, "failures", "bad"],
    findings: [counts ? counts.error + counts.warning : 0, "errors and warnings", counts?.error ? "bad" : ""],
    faults: [feed.state.faults, "armed faults", ""],
    scenario: [feed.state.file?.mistakes ?? 0, "mistakes in the file", "bad"],
  }[view] ?? [0];
  return count ? html`<span class="badge ${kind}">${count > 999 ? "999+" : count}<span class="hidden"> ${what}</span></span>` : null;
}

/** The scenario file has mistakes: the server keeps the last scenario without any. */
function BrokenFile() {
  useStore(feed);
  const file = feed.state.file;
  if (!file?.mistakes) return null;
  const more = file.mistakes > 1 ? ` and ${file.mistakes - 1} more` : "";
  return html`<div class="problem broken" role="alert"><span>
    <code>${file.mistake}</code>${more}</span> <span>The scenario of ${clockTime(file.loaded_at).slice(0, 8)} (UTC) stays in use.</span> <a href="#/scenario">All mistakes</a>
    </div>`;
}

/** What is special about this sandbox: it was deleted, or it is a bundle. */
function Notice() {
  useStore(feed);
  if (feed.status === "deleted") return html`<div class="note-bar" role="status">This sandbox was deleted. What is here is the last that this page got from it. <a href="/_mock/">Open the sandbox default</a>
    </div>`;
  if (!feed.state.read_only) return null;
  return html`<div class="note-bar" role="status">This is the <strong>${feed.state.read_only}</strong> as it was recorded. It takes no requests and is not changed. <code>mockserver bundle load</code> goes on from there.</div>`;
}

function Connection() {
  useStore(feed);
  const texts = { live: "Live", connecting: "Connecting …", reconnecting: "Reconnecting …", paused: "Paused", locked: "Token needed", deleted: "Sandbox deleted" };
  return html`<span class="connection ${feed.status}" role="status"><span class="dot"></span>${texts[feed.status]}</span>`;
}

const OUTCOMES = { passed: "✓ ", failed: "✗ ", running: "… " };

function Sandboxes() {
  useStore(feed);
  const [list, , reload] = useLoaded(() => get("/sandboxes"), []);
  const create = async () => {
    const made = await call("POST", "/sandboxes", {});
    location.href = `/~${made.name}/_mock/`;
  };
  const file = useRef(null);
  const [problem, setProblem] = useState(null);
  const open = async (event) => {
    setProblem(null);
    try {
      const made = await callBundle(event.target.files[0]);
      location.href = `/~${made.name}/_mock/`;
    } catch (error) {
      setProblem(error);
    }
    event.target.value = "";
  };
  const change = (event) => {
    if (event.target.value === "+") create();
    else if (event.target.value === "file") {
      event.target.value = sandboxName;
      file.current.click();
    }
    else location.href = event.target.value === "default" ? "/_mock/" : `/~${encodeURIComponent(event.target.value)}/_mock/`;
  };
  const texts = new Map(list?.sandboxes.map((each) => [each.name, each.title ? `${OUTCOMES[each.outcome] ?? ""}${each.title}` : each.name]));
  if (!texts.has(sandboxName)) texts.set(sandboxName, sandboxName);
  if (list?.sandboxes.some((each) => each.outcome)) texts.set("default", "all tests");
  return html`<label class="sandbox"><span class="hidden">Sandbox</span>
    <select value=${sandboxName} onChange=${change} onFocus=${reload} title="Sandbox ${texts.get(sandboxName)}">
    ${[...texts].map(([name, text]) => html`<option value=${name}>${text}</option>`)}<option value="+">New sandbox …</option>
      <option value="file">Open a bundle …</option></select></label>
    <input ref=${file} class="hidden" type="file" accept=".zip" tabindex="-1" aria-label="Bundle" onChange=${open} />
    ${problem && html`<span class="wrong" role="alert">${problem.message}</span>`}
    <a class="scenario-name" href="#/scenario" title="Scenario">${feed.state.scenario}</a>`;
}

function Token({ again, done }) {
  const [wrong, setWrong] = useState(again);
  const submit = async (event) => {
    event.preventDefault();
    setToken(new FormData(event.target).get("token").trim());
    try {
      await get("/clock");
      done();
    } catch (error) {
      setWrong(error instanceof ApiError && error.status === 401);
    }
  };
  return html`<form class="token" onSubmit=${submit}><h2>This server has a token</h2>
    <p>The server printed it when it started. It is kept until you close this tab.</p>
    <label>Token <input name="token" type="password" autocomplete="off" required /></label>
    ${wrong && html`<p class="wrong" role="alert">That is not the token of this server.</p>`}<button class="primary">Unlock</button>
      </form>`;
}

function Help({ close }) {
  const box = useRef(null);
  useEffect(() => box.current.showModal(), []);
  return html`<dialog ref=${box} onClose=${close} aria-label="Keyboard shortcuts"><h2>Keyboard shortcuts</h2>
    <dl class="keys">${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
    <form method="dialog"><button>Close</button></form></dialog>`;
}

// The title counts failures, and the icon has a badge.
let drawn = 0;
feed.subscribe(() => {
  const name = sandboxName === "default" ? "mockserver" : `${sandboxName} · mockserver`;
  document.title = feed.failures ? `(${feed.failures}) ${name}` : name;
  const badge = Math.min(feed.failures, 1);
  if (badge !== drawn) {
    drawn = badge;
    document.getElementById("icon").href = badge ? badged() : "page/icon.svg";
  }
});

function badged() {
  const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#4f46e5"/><path d="M8 22V11l8 7 8-7v11" fill="none" stroke="#fff" stroke-width="3"/><circle cx="25" cy="7" r="7" fill="#e11d48"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(icon)}`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
feed.run();
