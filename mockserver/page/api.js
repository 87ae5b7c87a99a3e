// Requests to the control API of the sandbox that this page is in.

// The page is at [/~NAME]/_mock/.
export const base = location.pathname.replace(/\/_mock\/.*$/, "");
export const sandboxName = base.startsWith("/~") ? decodeURIComponent(base.slice(2)) : "default";
const TOKEN = "mockserver-token";
const askers = new Set();

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}`);
    this.status = status;
    this.errors = problem.errors ?? [];
  }
}

/** Call `ask` when the server wants its token. */
export function onTokenWanted(ask) {
  askers.add(ask);
}

export function setToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

export function headers(more = {}) {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { ...more, "X-Mock-Token": token } : more;
}

export function tokenWanted(again) {
  for (const ask of askers) ask(again);
}

/** Send a request below /_mock. `body` is JSON data, or the text of a scenario. Throws ApiError. */
export async function call(method, path, body, { signal } = {}) {
  const kind = typeof body === "string" ? "application/yaml" : body instanceof Blob ? "application/zip" : "application/json";
  const response = await fetch(`${base}/_mock${path}`, {
    method,
    signal,
    headers: headers(body === undefined ? {} : { "Content-Type": kind }),
    body: kind === "application/json" ? JSON.stringify(body) : body,
  }).catch((error) => {
    throw error.name === "AbortError" ? error : new ApiError(0, { detail: "The server cannot be reached" });
  });
  if (response.status === 401) tokenWanted(Boolean(sessionStorage.getItem(TOKEN)));
  const text = await response.text();
  const json = (response.headers.get("content-type") ?? "").includes("json");
  if (!response.ok) throw new ApiError(response.status, json ? JSON.parse(text) : {});
  return json ? JSON.parse(text) : text;
}

/** Make a sandbox that shows a bundle, a file. Throws ApiError. */
export const callBundle = (file) => call("POST", "/sandboxes?read_only=true", file);

export const get = (path, options) => call("GET", path, undefined, options);

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** The curl command for a request below /_mock. */
export function curlOf(method, path, body) {
  const parts = [`curl ${method === "GET" ? "" : `-X ${method} `}${quoted(`${location.origin}${base}/_mock${path}`)}`];
  if (sessionStorage.getItem(TOKEN)) parts.push(`-H "X-Mock-Token: $MOCKSERVER_TOKEN"`);
  if (typeof body === "string") parts.push("-H 'Content-Type: application/yaml' --data-binary @scenario.yaml");
  else if (body !== undefined) parts.push(`-H 'Content-Type: application/json' -d ${quoted(JSON.stringify(body))}`);
  return parts.join(" \\\n  ");
}
