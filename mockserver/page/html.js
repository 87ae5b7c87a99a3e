// Preact with htm, and the small hooks that all views use.
import { h, render } from "./vendor/preact.js";
import { useEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { render, useEffect, useMemo, useRef, useState };

/** Redraw a component when a store (an object with `subscribe`) changes. */
export function useStore(store) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const update = () => redraw((n) => n + 1);
    const unsubscribe = store.subscribe(update);
    // The store may have changed after the component was drawn and before this.
    update();
    return unsubscribe;
  }, [store]);
  return store;
}

/**
 * Load data when one of `inputs` changes, and when a lost connection is back. Returns [data, error, reload]. A newer
 * load replaces an older one.
 */
export function useLoaded(load, inputs) {
  const [state, setState] = useState([undefined, undefined]);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    load().then(
      (data) => current && setState([data, undefined]),
      (error) => current && setState((before) => [before[0], error]),
    );
    return () => {
      current = false;
    };
  }, [...inputs, turn]);
  const reload = () => setTurn((n) => n + 1);
  useEffect(() => {
    window.addEventListener("mock-reconnected", reload);
    return () => window.removeEventListener("mock-reconnected", reload);
  }, []);
  return [state[0], state[1], reload];
}
