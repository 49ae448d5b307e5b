/** Dynamic prompts: `{a|b|c}` becomes one of the choices; comments are taken out. */

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm;

/** Resolve a prompt; `\{`, `\|` and `\}` stand for themselves. `random` is uniform in [0, 1). */
export function resolveDynamic(text: string, random: () => number): string {
  let at = 0;
  const source = text.replace(COMMENTS, "");

  const choice = (): string => {
    const options = [""];
    for (;;) {
      const part = plain(true);
      options[options.length - 1] += part;
      const c = source[at++];
      if (c === "|") options.push("");
      else break;
    }
    return options[Math.floor(random() * options.length)] ?? "";
  };

  const plain = (inside: boolean): string => {
    let out = "";
    while (at < source.length) {
      const c = source[at] ?? "";
      const next = source[at + 1] ?? "";
      if (inside && (c === "|" || c === "}")) return out;
      at++;
      if (c === "\\" && "{}|".includes(next) && next !== "") out += source[at++] ?? "";
      else if (c === "{" && closes(source, at)) out += choice();
      else out += c;
    }
    return out;
  };
  return plain(false);
}

/** True if a brace that opened just before `at` is closed later; a lone one is plain text. */
function closes(source: string, at: number): boolean {
  let depth = 1;
  for (let i = at; i < source.length; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "{") depth++;
    else if (source[i] === "}" && --depth === 0) return true;
  }
  return false;
}
