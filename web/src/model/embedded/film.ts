/** Tags of films: MP4 and MOV (boxes), WebM and Matroska (EBML). */
import { keep, type Source, tagAt, type Texts, utf8, viewOf } from "./bytes";

const HEAD = 16;
const MOST = 64_000_000;

/** The boxes in a part of a file, with what is inside them. */
function* boxes(bytes: Uint8Array, from = 0): Generator<{ name: string; body: Uint8Array }> {
  const view = viewOf(bytes);
  for (let at = from; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at);
    if (size < 8) return;
    yield { name: tagAt(bytes, at + 4), body: bytes.subarray(at + 8, at + size) };
    at += size;
  }
}

/** MP4: `moov/udta/meta` or `moov/meta`, either with named keys or with a comment. */
export async function readMp4(source: Source, texts: Texts): Promise<void> {
  for (let at = 0; at + 8 <= source.size; ) {
    const head = await source.read(at, at + HEAD);
    const view = viewOf(head);
    const short = view.getUint32(0);
    const size = short === 1 && head.length === HEAD ? Number(view.getBigUint64(8)) : short;
    if (tagAt(head, 4) === "moov") walk(await source.read(at + 8, at + Math.min(size, MOST)), texts);
    if (size < 8) return;
    at += size;
  }
}

function walk(bytes: Uint8Array, texts: Texts): void {
  for (const { name, body } of boxes(bytes)) {
    if (name === "udta") walk(body, texts);
    // MP4 puts a version before the boxes of `meta`, MOV does not.
    else if (name === "meta") readMeta(viewOf(body).getUint32(0) === 0 ? body.subarray(4) : body, texts);
  }
}

function readMeta(bytes: Uint8Array, texts: Texts): void {
  const parts = new Map([...boxes(bytes)].map(({ name, body }) => [name, body]));
  const list = parts.get("keys");
  const names = list ? [...boxes(list, 8)].map(({ body }) => utf8(body)) : [];
  for (const { name, body } of boxes(parts.get("ilst") ?? new Uint8Array())) {
    const number = [...name].reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
    const key = names[number - 1] ?? name.replace(/[^a-z]/gi, "");
    for (const inner of boxes(body)) if (inner.name === "data") keep(texts, key.split(".").at(-1) ?? key, utf8(inner.body.subarray(8)));
  }
}

const SEGMENT = 0x18538067;
const TAGS = 0x1254c367;
const TAG = 0x7373;
const SIMPLE_TAG = 0x67c8;
const TAG_NAME = 0x45a3;
const TAG_STRING = 0x4487;
const INSIDE = new Set([TAG, SIMPLE_TAG]);

interface Element {
  id: number;
  from: number;
  /** Infinity where a live recording left it open. */
  size: number;
}

/** The element at a place of EBML data: an id and a size, each of a length of its own. */
function element(bytes: Uint8Array, at: number): Element | null {
  const idLength = Math.clz32(bytes[at] ?? 0) - 23;
  const first = bytes[at + idLength] ?? 0;
  const sizeLength = Math.clz32(first) - 23;
  if (idLength > 4 || sizeLength > 8 || at + idLength + sizeLength > bytes.length) return null;
  const id = bytes.subarray(at, at + idLength).reduce((sum, byte) => sum * 256 + byte, 0);
  const rest = bytes.subarray(at + idLength + 1, at + idLength + sizeLength);
  const top = first & ((1 << (8 - sizeLength)) - 1);
  const open = top === (1 << (8 - sizeLength)) - 1 && rest.every((byte) => byte === 255);
  const size = open ? Infinity : rest.reduce((sum, byte) => sum * 256 + byte, top);
  return { id, from: at + idLength + sizeLength, size };
}

/** WebM: the tags of the segment; clusters are stepped over without reading them. */
export async function readWebm(source: Source, texts: Texts): Promise<void> {
  for (let at = 0; at < source.size; ) {
    const found = element(await source.read(at, at + HEAD), 0);
    if (!found) return;
    const from = at + found.from;
    if (found.id === TAGS) readTags(await source.read(from, from + Math.min(found.size, MOST)), texts);
    // A segment is entered, everything else passed.
    at = found.id === SEGMENT ? from : from + found.size;
  }
}

function readTags(bytes: Uint8Array, texts: Texts): void {
  let name = "";
  for (let at = 0; at < bytes.length; ) {
    const found = element(bytes, at);
    if (!found) return;
    const body = bytes.subarray(found.from, found.from + found.size);
    if (found.id === TAG_NAME) name = utf8(body).toLowerCase();
    if (found.id === TAG_STRING) keep(texts, name, utf8(body));
    at = INSIDE.has(found.id) ? found.from : found.from + found.size;
  }
}
