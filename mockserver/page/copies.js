// A request as a program: curl, Python, Node, and as a rule of a scenario.
import { base } from "./api.js";

const SKIPPED = new Set(["host", "content-length", "connection", "accept-encoding", "user-agent", "transfer-encoding"]);
const FAULTS = { 400: "invalid_request", 401: "unauthorized", 402: "insufficient_credits", 403: "forbidden", 404: "not_found", 413: "too_large", 429: "rate_limited", 500: "server_error", 503: "overloaded" };

const urlOf = (entry) => `${location.origin}${base}${entry.provider ? `/${entry.provider}` : ""}${entry.path}${entry.query ? `?${entry.query}` : ""}`;
const headersOf = (entry) => Object.entries(entry.request?.headers ?? {}).filter(([name]) => !SKIPPED.has(name.toLowerCase()));
const shell = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const string = (text) => JSON.stringify(text);

export function asCurl(entry) {
  const lines = [`curl ${entry.method === "GET" ? "" : `-X ${entry.method} `}${shell(urlOf(entry))}`];
  for (const [name, value] of headersOf(entry)) lines.push(`-H ${shell(`${name}: ${value}`)}`);
  if (entry.request?.body) lines.push(`--data-binary ${shell(entry.request.body)}`);
  return lines.join(" \\\n  ");
}

export function asPython(entry) {
  const headers = headersOf(entry).map(([name, value]) => `    ${string(name)}: ${string(value)},`);
  const body = entry.request?.body ? `,\n    content=${string(entry.request.body)}.encode()` : "";
  return `import httpx\n\nheaders = {\n${headers.join("\n")}\n}\nresponse = httpx.request(\n    ${string(entry.method)},\n    ${string(urlOf(entry))},\n    headers=headers${body},\n)\nprint(response.status_code, response.text)\n`;
}

export function asNode(entry) {
  const headers = headersOf(entry).map(([name, value]) => `    ${string(name)}: ${string(value)},`);
  const body = entry.request?.body ? `\n  body: ${string(entry.request.body)},` : "";
  return `const response = await fetch(${string(urlOf(entry))}, {\n  method: ${string(entry.method)},\n  headers: {\n${headers.join("\n")}\n  },${body}\n});\nconsole.log(response.status, await response.text());\n`;
}

/** YAML of a rule that matches requests like this one, and answers like it. Values are JSON, which is also YAML. */
export function asRule(entry) {
  const conditions = [];
  let body;
  try {
    body = JSON.parse(entry.request?.body ?? "");
  } catch {
    body = null;
  }
  if (body && typeof body === "object" && !Array.isArray(body)) {
    for (const [name, value] of Object.entries(body)) {
      const short = typeof value === "string" ? value.length < 300 : typeof value === "number" || typeof value === "boolean";
      if (short && /^[A-Za-z0-9_-]+$/.test(name)) conditions.push(`      body.${name}: {equals: ${JSON.stringify(value)}}`);
    }
  }
  const lines = [`  - name: ${string(`like entry ${entry.number ?? entry.offset}`)}`, `    operation: ${string(entry.operation ?? "*")}`];
  if (conditions.length) lines.push("    when:", ...conditions);
  const fault = entry.status >= 400 ? FAULTS[entry.status] ?? (entry.status >= 500 ? "server_error" : "invalid_request") : null;
  if (fault) lines.push(`    fault: {kind: ${fault}}`);
  else {
    let reply;
    try {
      reply = JSON.parse(entry.reply?.body ?? "");
    } catch {
      reply = null;
    }
    if (!entry.job && reply && typeof reply === "object" && !Array.isArray(reply)) lines.push(`    reply: ${JSON.stringify(reply)}`);
  }
  return `rules:\n${lines.join("\n")}\n`;
}

export function asScenario(entry) {
  return `scenario: from-entry-${entry.number ?? entry.offset}\nextends: default\n\n${asRule(entry)}`;
}
