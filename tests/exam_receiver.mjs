// A receiver of webhooks for the exam: PROVIDER FLAW. Prints its port. Flaws: none, reencodes, nothing.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const [provider, flaw] = process.argv.slice(2);
const secret = "whsec_exam";
const jobs = new Set();
let processed = 0;

const hmac = (...parts) => {
  const mac = createHmac("sha256", secret);
  for (const part of parts) mac.update(part);
  return Buffer.from(`sha256=${mac.digest("hex")}`);
};

function authentic(headers, raw) {
  if (flaw === "nothing") return true;
  const body = flaw === "reencodes" ? Buffer.from(JSON.stringify(JSON.parse(raw))) : raw;
  const descrideo = provider === "descrideo";
  const stamp = descrideo ? (headers["x-nxt-timestamp"] ?? "") : "";
  if (descrideo && !(Math.abs(Date.now() / 1000 - Number(stamp || NaN)) <= 300)) return false;
  const received = headers[descrideo ? "x-nxt-signature" : "x-v2p-signature"] ?? "";
  const expected = hmac(body, stamp);
  return received.split(", ").some((each) => {
    const given = Buffer.from(each);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const server = createServer((request, response) => {
  if (request.url === "/processed") return response.end(String(processed));
  if (request.method !== "POST") return response.writeHead(405).end();
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("error", () => {});
  request.on("end", () => {
    const raw = Buffer.concat(pieces);
    if (!authentic(request.headers, raw)) return response.writeHead(401).end();
    const event = JSON.parse(raw);
    const job = event.job_id ?? event.data.id;
    if (!jobs.has(job)) {
      jobs.add(job);
      processed += 1;
    }
    response.writeHead(204).end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
