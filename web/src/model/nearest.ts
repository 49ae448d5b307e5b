/** How alike two names are, by the pairs of letters they share (Dice's coefficient). */

function pairs(text: string): Map<string, number> {
  const plain = text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const found = new Map<string, number>();
  for (let i = 0; i + 1 < plain.length; i++) {
    const pair = plain.slice(i, i + 2);
    found.set(pair, (found.get(pair) ?? 0) + 1);
  }
  return found;
}

/** From 0, nothing in common, to 1, the same letters. */
function alike(a: string, b: string): number {
  const [left, right] = [pairs(a), pairs(b)];
  const total = [...left.values(), ...right.values()].reduce((sum, n) => sum + n, 0);
  let shared = 0;
  for (const [pair, n] of left) shared += Math.min(n, right.get(pair) ?? 0);
  return total === 0 ? Number(a === b) : (2 * shared) / total;
}

/** The names most like `wanted`; `read` gives the part of a name that counts. */
function of(wanted: string, names: readonly string[], count: number, read: (name: string) => string): string[] {
  const marked = names.map((name): [number, string] => [alike(wanted, read(name)), name]);
  return marked.sort((a, b) => b[0] - a[0]).slice(0, count).map(([, name]) => name);
}

export const nearest = { alike, of };
