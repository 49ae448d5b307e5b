/** Number widgets: how values read, parse, step and stay within their bounds. */
import type { Json } from "../model/json";
import type { InputSpec } from "../model/schema";

const option = (input: InputSpec, name: string): number | null => {
  const value = input.options[name];
  const number = typeof value === "number" || typeof value === "bigint" ? Number(value) : NaN;
  return Number.isFinite(number) ? number : null;
};

export const minOf = (input: InputSpec): number => option(input, "min") ?? -Infinity;
export const maxOf = (input: InputSpec): number => option(input, "max") ?? Infinity;
export const stepOf = (input: InputSpec): number =>
  option(input, "step") ?? (input.type === "FLOAT" ? 0.1 : 1);

const decimals = (step: number): number => {
  const text = step.toString();
  const exponent = /e-(\d+)$/.exec(text)?.[1];
  return exponent ? Number(exponent) : (text.split(".")[1]?.length ?? 0);
};

/** The value as the field shows it: at least as many decimals as a step has. */
export function formatNumber(input: InputSpec, value: Json): string {
  if (typeof value !== "number" || input.type !== "FLOAT") return String(value as string);
  const least = Math.min(6, Math.max(1, decimals(stepOf(input))));
  const short = String(Number(value.toFixed(6)));
  return (short.split(".")[1]?.length ?? 0) >= least ? short : value.toFixed(least);
}

/** Bring a number into the bounds and onto the grid of `round`. */
export function clampNumber(input: InputSpec, value: number): number {
  const grid = input.type === "FLOAT" ? (option(input, "round") ?? 0) : 1;
  const places = decimals(grid);
  const rounded = grid > 0 ? Number((Math.round(value / grid) * grid).toFixed(places)) : Number(value.toFixed(9));
  return Math.min(maxOf(input), Math.max(minOf(input), rounded));
}

/** What a person typed, as a value of this input; null if it is no number. */
export function parseNumber(input: InputSpec, typed: string): Json | null {
  const text = typed.trim().replace(",", ".");
  if (input.type === "INT" && /^-?\d{16,}$/.test(text)) return bounded(input, BigInt(text));
  const value = Number(text);
  return text === "" || !Number.isFinite(value) ? null : clampNumber(input, value);
}

/** Integers beyond 2^53 (seeds) keep every digit. */
function bounded(input: InputSpec, value: bigint): Json {
  const raw = [input.options["min"], input.options["max"]];
  const [min, max] = raw.map((bound) =>
    typeof bound === "bigint" || (typeof bound === "number" && Number.isInteger(bound)) ? BigInt(bound) : null,
  );
  const low = min != null && value < min ? min : value;
  const high = max != null && low > max ? max : low;
  return high <= BigInt(Number.MAX_SAFE_INTEGER) && high >= -BigInt(Number.MAX_SAFE_INTEGER) ? Number(high) : high;
}

export type Display = "number" | "slider" | "gradient" | "knob";

const DISPLAYS: Readonly<Record<string, Display>> = { slider: "slider", gradientslider: "gradient", knob: "knob" };

/** How a number wants to be shown; what has no end cannot be a slider. */
export function displayOf(input: InputSpec): Display {
  const asked = DISPLAYS[String(input.options["display"] as string)] ?? "number";
  return Number.isFinite(maxOf(input) - minOf(input)) ? asked : "number";
}

/** Where the value lies in a range a bar can show, 0 to 1; null for open ranges, and huge ones that ask for no slider. */
export function fraction(input: InputSpec, value: Json): number | null {
  const span = maxOf(input) - minOf(input);
  const most = displayOf(input) === "number" ? 128 : Infinity;
  if (!(span > 0 && span <= most && Number.isFinite(span)) || typeof value !== "number") return null;
  return Math.min(1, Math.max(0, (value - minOf(input)) / span));
}

/** Pixels that the hand turns a knob by for its whole range. */
const KNOB_PX = 160;

/** The value after the hand went `dx`, `dy` pixels on a slider `room` pixels wide, or on a knob. */
export function slid(input: InputSpec, start: number, dx: number, dy: number, room: number): number {
  const share = displayOf(input) === "knob" ? (dx - dy) / KNOB_PX : dx / Math.max(1, room);
  const free = start + share * (maxOf(input) - minOf(input));
  const step = stepOf(input);
  return clampNumber(input, Number((Math.round((free - minOf(input)) / step) * step + minOf(input)).toFixed(9)));
}

/** A colour as `#rrggbb`, whether it is kept as a number or as such a text; and back. */
export const toHex = (value: Json): string =>
  typeof value === "string" ? value : `#${(Number(value) & 0xffffff).toString(16).padStart(6, "0")}`;

export function fromHex(text: string): number | null {
  const hex = /^#?([0-9a-f]{6})$/i.exec(text.trim())?.[1];
  return hex === undefined ? null : parseInt(hex, 16);
}

/** A typed colour as this input keeps it; null if it is none. */
export function colorValue(input: InputSpec, typed: string): Json | null {
  const number = fromHex(typed);
  return number !== null && input.type === "COLOR" ? toHex(number) : number;
}
