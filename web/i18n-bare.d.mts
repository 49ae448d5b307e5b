/** Texts that bypass `t`, each with its place. */
export function bare(known: ReadonlySet<string>): string[];
