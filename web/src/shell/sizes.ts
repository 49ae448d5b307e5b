/** Bytes as a person reads them. */
const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function readableSize(bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** step;
  return `${value.toFixed(value < 10 && step > 0 ? 1 : 0)} ${UNITS[step] ?? ""}`;
}
