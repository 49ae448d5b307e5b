/** Text on canvas: each (font, string) is measured, cut and wrapped once. */
const SANS = '"Inter Variable", Inter, system-ui, sans-serif';
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, monospace';

export const FONT = {
  title: `600 13px ${SANS}`,
  label: `450 12px ${SANS}`,
  small: `500 10.5px ${SANS}`,
  mono: `12.5px ${MONO}`,
  group: `600 14px ${SANS}`,
} as const;

/** Line height of multi-line text, in world units. */
export const MONO_LINE = 18;
const LIMIT = 20_000;

const widths = new Map<string, number>();
const cuts = new Map<string, string>();
const wraps = new Map<string, string[]>();
let context: CanvasRenderingContext2D | null = null;

/** Forget all measurements, when a web font has arrived. */
export function forgetText(): void {
  widths.clear();
  cuts.clear();
  wraps.clear();
}

/** Width of `text` in world units. */
export function measure(font: string, text: string): number {
  const id = font + text;
  let width = widths.get(id);
  if (width === undefined) {
    context ??= document.createElement("canvas").getContext("2d");
    if (!context) return text.length * 7;
    context.font = font;
    width = context.measureText(text).width;
    remember(widths, id, width);
  }
  return width;
}

/** `text`, cut with an ellipsis to fit `width`. */
export function fit(font: string, text: string, width: number): string {
  if (measure(font, text) <= width) return text;
  const id = `${font}|${String(Math.floor(width))}|${text}`;
  const known = cuts.get(id);
  if (known !== undefined) return known;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(font, `${text.slice(0, middle)}…`) <= width) low = middle;
    else high = middle - 1;
  }
  const result = low > 0 ? `${text.slice(0, low).trimEnd()}…` : "";
  remember(cuts, id, result);
  return result;
}

/** Lines of `text` broken to `width`, at spaces where there are any. */
export function wrap(font: string, text: string, width: number): string[] {
  const id = `${font}|${String(Math.floor(width))}|${text}`;
  const known = wraps.get(id);
  if (known) return known;
  const lines = text.split("\n").flatMap((line) => wrapLine(font, line, width));
  remember(wraps, id, lines);
  return lines;
}

function wrapLine(font: string, line: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(/(?<=\s)/)) {
    if (current && measure(font, (current + word).trimEnd()) > width) {
      lines.push(current);
      current = "";
    }
    current += word;
    while (measure(font, current.trimEnd()) > width && current.length > 1) {
      const fitting = fitCount(font, current, width);
      lines.push(current.slice(0, fitting));
      current = current.slice(fitting);
    }
  }
  return [...lines, current];
}

function fitCount(font: string, text: string, width: number): number {
  let count = Math.max(1, Math.floor((text.length * width) / Math.max(1, measure(font, text))));
  while (count > 1 && measure(font, text.slice(0, count)) > width) count--;
  return count;
}

function remember<T>(cache: Map<string, T>, id: string, value: T): void {
  if (cache.size >= LIMIT) cache.clear();
  cache.set(id, value);
}
