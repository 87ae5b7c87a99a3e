// The scenario in the editor, which survives a change of the view. It is kept until the tab is closed.
const KEY = "mockserver-draft";

/** Keep a text. `applied` is the name of the scenario that the sandbox uses since the text was applied. */
export function keepDraft(text, applied) {
  sessionStorage.setItem(KEY, JSON.stringify({ text, applied }));
}

export function dropDraft() {
  sessionStorage.removeItem(KEY);
}

/** Return { text, applied }; both are undefined if there is no draft. */
export function keptDraft() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
}
