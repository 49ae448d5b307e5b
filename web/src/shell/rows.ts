/** Which rows of a long grid are in view. */
const WANTED = 138;
/** Rows beyond both edges, so that a quick scroll finds them there. */
const MARGIN = 2;

export const columnsIn = (width: number, gap: number): number => Math.max(1, Math.floor((width + gap) / (WANTED + gap)));

/** The first row to draw, and the one behind the last. */
export function rowsInView(top: number, height: number, pitch: number, rows: number): [number, number] {
  if (!(pitch > 0)) return [0, 0];
  const first = Math.max(0, Math.floor(top / pitch) - MARGIN);
  return [Math.min(first, rows), Math.min(rows, Math.ceil((top + height) / pitch) + MARGIN)];
}
