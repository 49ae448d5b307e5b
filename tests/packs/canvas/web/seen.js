/** Where the scripts of this pack write down what they saw; no extension of its own. */
export const seen = (globalThis.__seen ??= {});
export const note = (name, what) => (seen[name] ??= []).push(what);
