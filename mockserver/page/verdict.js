// The verdict on the clients of the sandbox, for the views that show it.
import { get } from "./api.js";
import { feed } from "./feed.js";

// Milliseconds between two verdicts, at least and at most, and how often the duration of one fits in between.
const PAUSE = [1000, 10_000];
const SHARE = 50;

class Verdict {
  data = undefined;
  error = undefined;
  #listeners = new Set();
  #viewers = 0;
  #timer = 0;
  #seen = -1;

  /** Subscribers to this do not cause the verdict to be loaded. */
  loaded = { subscribe: (listener) => this.#listen(listener) };

  /** While something is subscribed, the verdict is loaded again when the journal grows. */
  subscribe(listener) {
    const end = this.#listen(listener);
    this.#viewers += 1;
    if (this.#viewers === 1) this.#load();
    return () => {
      end();
      this.#viewers -= 1;
      if (!this.#viewers) clearTimeout(this.#timer);
    };
  }

  #listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #load() {
    clearTimeout(this.#timer);
    const began = performance.now();
    const seen = feed.version;
    if (this.#seen !== seen) {
      try {
        this.data = await get("/verdict");
        this.error = undefined;
        this.#seen = seen;
      } catch (error) {
        this.error = error;
      }
      for (const listener of this.#listeners) listener();
    }
    // It takes the server some time to judge a long journal, so it is asked less often then.
    if (this.#viewers) this.#timer = setTimeout(() => this.#load(), Math.min(PAUSE[1], Math.max(PAUSE[0], (performance.now() - began) * SHARE)));
  }
}

export const verdict = new Verdict();
