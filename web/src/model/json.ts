/**
 * JSON without loss: what was read is what is written, by value.
 *
 * Two things the built-in parser changes are kept here: integers beyond 2^53 (seeds go up to
 * 2^64-1) become `bigint`, and the `NaN`/`Infinity` that Python writes are read and written.
 */
import { t } from "../i18n";
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;

/** A JSON object; a missing key reads as undefined. */
export interface JsonObject {
  [key: string]: Json | undefined;
}

const NUMBER = /-?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Infinity)|NaN/y;
const NEEDS_CARE = /\d{16}|NaN|Infinity|__proto__/;
const WORDS = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** Parse JSON text; throws an Error that names the place of the fault. */
export function parseJson(text: string): Json {
  // The common case has nothing the built-in parser would change, and that parser is far faster.
  if (!NEEDS_CARE.test(text)) return JSON.parse(text) as Json;
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

class Reader {
  private at = 0;
  constructor(private readonly text: string) {}

  value(): Json {
    this.space();
    const c = this.text[this.at];
    if (c === "{") return this.object();
    if (c === "[") return this.array();
    if (c === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.number();
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) this.fail(t("text after the end of the JSON value"));
  }

  private number(): Json {
    NUMBER.lastIndex = this.at;
    const token = NUMBER.exec(this.text)?.[0];
    if (token === undefined) return this.fail(t("a value was expected"));
    this.at += token.length;
    const number = Number(token);
    return /^-?\d+$/.test(token) && !Number.isSafeInteger(number) ? BigInt(token) : number;
  }

  private string(): string {
    let end = this.at + 1;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === "\\" ? 2 : 1;
    const token = this.text.slice(this.at, end + 1);
    try {
      const value = JSON.parse(token) as string;
      this.at = end + 1;
      return value;
    } catch {
      return this.fail(t("a string is not closed or holds a bad escape"));
    }
  }

  private array(): Json[] {
    const items: Json[] = [];
    this.at++;
    while (!this.close("]", items.length > 0)) items.push(this.value());
    return items;
  }

  private object(): JsonObject {
    const result: JsonObject = {};
    let count = 0;
    this.at++;
    while (!this.close("}", count++ > 0)) {
      this.space();
      if (this.text[this.at] !== '"') this.fail(t("a key in double quotes was expected"));
      const key = this.string();
      // Copying such a key by assignment would replace the prototype of the copy.
      if (key === "__proto__") this.fail(t('the key "__proto__" is not allowed'));
      this.space();
      if (this.text[this.at++] !== ":") this.fail(t("a colon was expected"));
      result[key] = this.value();
    }
    return result;
  }

  /** True at the closing bracket; otherwise steps over the comma between two items. */
  private close(bracket: string, comma: boolean): boolean {
    this.space();
    if (this.text[this.at] === bracket) {
      this.at++;
      return true;
    }
    if (comma && this.text[this.at++] !== ",") this.fail(t("a comma or {bracket} was expected", { bracket }));
    return false;
  }

  private space(): void {
    while (" \t\n\r".includes(this.text[this.at] ?? "x")) this.at++;
  }

  private fail(what: string): never {
    const line = this.text.slice(0, this.at).split("\n").length;
    throw new Error(t("This is not valid JSON: {what} (line {line}).", { what, line }));
  }
}

/** Write JSON text; `indent` spaces per level, 0 for one line. Inverse of `parseJson`. */
export function stringifyJson(value: Json | undefined, indent = 0): string {
  return write(value ?? null, indent > 0 ? "\n" : "", " ".repeat(indent));
}

function write(value: Json, newline: string, step: string): string {
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = newline === "" ? "" : newline + step;
  if (Array.isArray(value)) {
    // Points and link tuples stay on one line, which keeps files readable and diffs short.
    const flat = value.every((item) => item === null || typeof item !== "object");
    const gap = flat ? "" : inner;
    const items = value.map((item) => write(item, gap, step));
    return `[${gap}${items.join(flat && step ? ", " : `,${gap}`)}${flat ? "" : newline}]`;
  }
  const colon = step ? ": " : ":";
  const pairs = Object.entries(value).flatMap(([key, item]) =>
    item === undefined ? [] : [JSON.stringify(key) + colon + write(item, inner, step)],
  );
  return pairs.length ? `{${inner}${pairs.join(`,${inner}`)}${newline}}` : "{}";
}

/** A deep copy that shares nothing with `value`. */
export function cloneJson<T extends Json | undefined>(value: T): T {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item) => cloneJson(item)) as T;
  const copy: JsonObject = {};
  for (const [key, item] of Object.entries(value)) copy[key] = cloneJson(item);
  return copy as T;
}

/** Equality by value; the order of keys does not matter. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (Object.is(a, b)) return true;
  if (a == null || b == null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a).filter((key) => (a as JsonObject)[key] !== undefined);
  const others = Object.keys(b).filter((key) => (b as JsonObject)[key] !== undefined);
  return (
    keys.length === others.length &&
    keys.every((key) => sameJson((a as JsonObject)[key], (b as JsonObject)[key]))
  );
}

/** True for a plain JSON object (not null, not an array). */
export function isObject(value: Json | undefined): value is JsonObject {
  return value != null && typeof value === "object" && !Array.isArray(value);
}
