/** Reading bytes of files that may be larger than memory. */

/** A file: its size and any part of it. */
export interface Source {
  readonly size: number;
  read(from: number, to: number): Promise<Uint8Array>;
}

export const sourceOf = (blob: Blob): Source => ({
  size: blob.size,
  read: async (from, to) => new Uint8Array(await blob.slice(from, Math.min(to, blob.size)).arrayBuffer()),
});

/** Texts found in a file, by lower case key. */
export type Texts = Map<string, string>;

export const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Four bytes as the letters they are. */
export const tagAt = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Where a run of bytes stands, or -1. */
export function indexOf(bytes: Uint8Array, wanted: readonly number[], from = 0): number {
  for (let at = bytes.indexOf(wanted[0] ?? 0, from); at >= 0; at = bytes.indexOf(wanted[0] ?? 0, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/**
 * Keep a text under its key; a text that itself names keys (`workflow:{...}`, or a JSON object of
 * them, as comments do) is kept under those too.
 */
export function keep(texts: Texts, key: string, text: string): void {
  const clean = text.replace(/\0+$/, "");
  const named = /^\s*(workflow|prompt)\s*:\s*([[{].*)$/is.exec(clean);
  if (named) texts.set(named[1]?.toLowerCase() ?? "", named[2] ?? "");
  else if (!texts.has(key.toLowerCase())) texts.set(key.toLowerCase(), clean);
  if (!/"(workflow|prompt)"\s*:/.test(clean) || key === "workflow" || key === "prompt") return;
  unpack(texts, clean);
}

function unpack(texts: Texts, text: string): void {
  try {
    const value = JSON.parse(text) as Record<string, unknown>;
    for (const name of ["workflow", "prompt"]) {
      const inner = value[name];
      if (texts.has(name) || inner == null) continue;
      texts.set(name, typeof inner === "string" ? inner : JSON.stringify(inner));
    }
  } catch {
    // A comment that only looks like JSON is a comment.
  }
}
