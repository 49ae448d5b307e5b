/**
 * Markdown of notes as styled lines, drawn on the canvas: no HTML comes of it, so none can slip in.
 *
 * Headings, lists, quotes, rules and code are told apart; emphasis and links show their text.
 */
export type LineStyle = "heading" | "text" | "item" | "quote" | "code" | "rule";

export interface MarkdownLine {
  style: LineStyle;
  text: string;
  /** How deep a list entry is. */
  depth: number;
}

const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(.*)$/;

/** The text of a line without its marks: emphasis, code, links and pictures. */
export function plain(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(\*\*|__|~~)(.+?)\1/g, "$2")
    .replace(/(^|[\s(])[*_](\S(?:.*?\S)?)[*_](?=$|[\s).,:;!?])/g, "$1$2")
    .replace(/`([^`]+)`/g, "$1");
}

/** Lines of a note in the order they are drawn. */
export function markdownLines(source: string): MarkdownLine[] {
  const lines: MarkdownLine[] = [];
  let fenced = false;
  for (const raw of source.split("\n")) {
    if (/^\s*(```|~~~)/.test(raw)) fenced = !fenced;
    else lines.push(fenced ? { style: "code", text: raw, depth: 0 } : lineOf(raw));
  }
  return lines;
}

function lineOf(raw: string): MarkdownLine {
  if (RULE.test(raw)) return { style: "rule", text: "", depth: 0 };
  const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*$/.exec(raw);
  if (heading) return { style: "heading", text: plain(heading[1] ?? ""), depth: 0 };
  const item = ITEM.exec(raw);
  if (item) {
    const mark = item[2] === undefined ? "•" : `${item[2]}.`;
    return { style: "item", text: `${mark} ${plain(item[3] ?? "")}`, depth: Math.floor((item[1] ?? "").length / 2) };
  }
  const quote = /^\s*>\s?(.*)$/.exec(raw);
  return { style: quote ? "quote" : "text", text: plain(quote?.[1] ?? raw), depth: 0 };
}
