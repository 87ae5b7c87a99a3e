// The live journal: reads server-sent events, and keeps the newest entries. fetch is used in place of EventSource,
// because EventSource cannot send a token.
import { base, headers, tokenWanted } from "./api.js";

export const KEPT = 5000;
const RETRY = 1000;
// A browser has six connections to a server for all its tabs. A tab that is hidden so long gives its own back, and looks
// for new entries now and then, in milliseconds.
const HIDDEN_AFTER = 10_000;
const REST = 5000;
const LOOK = 1000;
const RECENT_MS = 3_600_000;

class Feed {
  entries = [];
  state = { mode: "real", speed: 1, now: 0, next_event: null, scenario: "", faults: 0 };
  status = "connecting";
  missed = 0;
  failures = 0;
  paused = false;
  /** Grows with every batch, so that views know when to load again. */
  version = 0;
  #listeners = new Set();
  #id = "";
  #stop = new AbortController();
  #receivedAt = performance.now();
  #scheduled = false;
  /** True if the tab has been hidden for HIDDEN_AFTER. */
  #rests = false;
  #look = 0;
  #wake = () => {};

  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tell the views, at most once a frame. */
  changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const tell = () => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    };
    if (document.hidden) setTimeout(tell, 500);
    else requestAnimationFrame(tell);
  }

  /** The sandbox's time now, in milliseconds. */
  now() {
    return this.state.now + (performance.now() - this.#receivedAt) * this.state.speed;
  }

  async run() {
    this.#restWhileHidden();
    while (true) {
      if (!this.paused) {
        if (this.#rests) this.#look = setTimeout(() => this.#stop.abort(), LOOK);
        try {
          await this.#read();
        } catch {
          // The connection was lost or stopped: the next one continues at the same place.
        }
        clearTimeout(this.#look);
        const isResting = this.#rests && this.#stop.signal.aborted;
        if (!this.paused && this.status === "live" && !isResting) this.status = "reconnecting";
        this.changed();
      }
      await new Promise((done) => {
        this.#wake = done;
        setTimeout(done, this.paused ? 100 : this.#rests ? REST : RETRY);
      });
    }
  }

  #restWhileHidden() {
    let timer = 0;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      clearTimeout(this.#look);
      this.#rests = false;
      if (!document.hidden) this.#wake();
      else timer = setTimeout(() => {
        this.#rests = true;
        this.#stop.abort();
      }, HIDDEN_AFTER);
    });
  }

  pause(paused) {
    this.paused = paused;
    if (paused) {
      this.status = "paused";
      this.#stop.abort();
    } else this.status = "connecting";
    this.changed();
  }

  reconnect() {
    this.#stop.abort();
  }

  async #read() {
    this.#stop = new AbortController();
    const resumes = this.#id !== "";
    const response = await fetch(`${base}/_mock/events${resumes ? "" : `?history=${KEPT}`}`, {
      headers: headers(resumes ? { "Last-Event-ID": this.#id } : {}),
      signal: this.#stop.signal,
    });
    if (!response.ok) {
      this.status = response.status === 401 ? "locked" : response.status === 404 ? "deleted" : "reconnecting";
      if (response.status === 401) tokenWanted(false);
      this.changed();
      return;
    }
    if (this.status === "reconnecting") window.dispatchEvent(new Event("mock-reconnected"));
    this.status = "live";
    this.changed();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const frames = (rest + value).split("\n\n");
      rest = frames.pop();
      for (const frame of frames) this.#frame(frame);
      this.changed();
    }
  }

  #frame(frame) {
    let event = "message";
    let data = "";
    let id = null;
    for (const line of frame.split("\n")) {
      if (line.startsWith("event: ")) event = line.slice(7);
      else if (line.startsWith("data: ")) data += line.slice(6);
      else if (line.startsWith("id: ")) id = line.slice(4);
    }
    if (data) this.#event(event, JSON.parse(data));
    if (id !== null) this.#id = id;
  }

  #event(event, data) {
    this.version += 1;
    if (event === "entries") {
      this.entries.push(...data);
      this.failures += data.reduce((n, entry) => n + isFailure(entry), 0);
      if (this.entries.length > KEPT) {
        for (const entry of this.entries.splice(0, this.entries.length - KEPT)) this.failures -= isFailure(entry);
      }
    } else if (event === "state") {
      this.state = data;
      this.#receivedAt = performance.now();
    } else if (event === "missed") this.missed += data.entries;
    else if (event === "cleared") {
      this.entries = [];
      this.failures = 0;
      this.missed = 0;
    }
  }
}

/** A request that failed, a reply that was not sent whole, or a delivery that was not accepted. */
export function isFailure(entry) {
  if (entry.kind === "request") return entry.status === undefined || entry.status >= 400 || entry.delivered !== undefined;
  return entry.kind === "delivery" && !(entry.status >= 200 && entry.status < 300);
}

/** The entries of the last hour of the sandbox's time. */
export function recent(feed, span = RECENT_MS) {
  const since = feed.now() - span;
  return feed.entries.filter((entry) => entry.at >= since);
}

export const feed = new Feed();
