// Opens a page of the documentation in a browser that was started with --remote-debugging-port=0, and tries an operation
// out:
//
//   node docs_page.mjs PROFILE PAGE OPERATION [SCREENSHOT]
//
// Prints JSON: what the page shows, the reply to the operation, every URL that was requested, every message of the console.
import { readFile, writeFile } from "node:fs/promises";

const [profile, page, operation, screenshot] = process.argv.slice(2);
const pause = () => new Promise((done) => setTimeout(done, 50));

// The browser writes this file once it listens.
let lines = [];
for (let left = 600; left > 0 && lines.length < 2; left -= 1) {
  await pause();
  lines = (await readFile(`${profile}/DevToolsActivePort`, "utf8").catch(() => "")).split("\n");
}
const socket = new WebSocket(`ws://127.0.0.1:${lines[0]}${lines[1]}`);
await new Promise((done) => socket.addEventListener("open", done));

let last = 0;
const waiting = new Map();
const found = { requests: [], console: [] };

socket.addEventListener("message", ({ data }) => {
  const message = JSON.parse(data);
  if (message.id) {
    waiting.get(message.id)(message.result ?? message.error);
  } else if (message.method === "Network.requestWillBeSent") {
    found.requests.push(message.params.request.url);
  } else if (message.method === "Log.entryAdded") {
    found.console.push(message.params.entry.text);
  } else if (message.method === "Runtime.consoleAPICalled") {
    found.console.push(message.params.args.map((each) => each.value).join(" "));
  } else if (message.method === "Runtime.exceptionThrown") {
    found.console.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
  }
});

function send(method, params = {}, sessionId = undefined) {
  last += 1;
  const id = last;
  socket.send(JSON.stringify({ id, method, params, sessionId }));
  return new Promise((done) => waiting.set(id, done));
}

const { targetInfos } = await send("Target.getTargets");
const { targetId } = targetInfos.find((each) => each.type === "page");
const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
for (const domain of ["Network", "Log", "Runtime", "Page"]) await send(`${domain}.enable`, {}, sessionId);
await send("Emulation.setDeviceMetricsOverride", { width: 1200, height: 1000, deviceScaleFactor: 1, mobile: false }, sessionId);
await send("Page.navigate", { url: page }, sessionId);

async function evaluate(expression) {
  const { result } = await send("Runtime.evaluate", { expression, returnByValue: true }, sessionId);
  return result?.value; // none while the page changes
}

async function until(expression) {
  for (let left = 600; left > 0; left -= 1) {
    const value = await evaluate(expression);
    if (value) return value;
    await pause();
  }
  throw new Error(`never true: ${expression}\n${JSON.stringify(found, null, 1)}`);
}

const block = `document.querySelector('[id$="-${operation}"]')`;
found.title = await until("document.querySelector('.info .title')?.innerText");
found.links = await evaluate("[...document.querySelectorAll('nav a')].map((each) => each.innerText)");
await until(`${block}?.querySelector('.opblock-summary-control') !== null`);
await evaluate(`${block}.querySelector('.opblock-summary-control').click()`);
await until(`${block}.querySelector('button.execute') !== null`);
await evaluate(`${block}.querySelector('button.execute').click()`);
found.status = await until(`${block}.querySelector('.live-responses-table tbody .response-col_status')?.innerText`);
found.body = await until(`${block}.querySelector('.live-responses-table pre')?.innerText`);
if (screenshot) {
  const { data } = await send("Page.captureScreenshot", { format: "png" }, sessionId);
  await writeFile(screenshot, Buffer.from(data, "base64"));
}
console.log(JSON.stringify(found));
process.exit(0);
