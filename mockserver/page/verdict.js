// The verdict on the clients of the sandbox, for the views that show it.
import { get } from "./api.js";
import { feed } from "./feed.js";

const SHORTEST_PAUSE = 1000;

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
    // To judge a long journal takes the server some time: it is asked for at most a twentieth of it.
    if (this.#viewers) this.#timer = setTimeout(() => this.#load(), Math.max(SHORTEST_PAUSE, (performance.now() - began) * 20));
  }
}

export const verdict = new Verdict();
