/** Tags of sound files: FLAC, Ogg (Vorbis and Opus) and MP3. */
import { indexOf, keep, type Source, tagAt, type Texts, utf8, viewOf } from "./bytes";

const HEAD = 32_000_000;
const COMMENT_BLOCK = 4;

/** FLAC: the metadata block of comments. */
export async function readFlac(source: Source, texts: Texts): Promise<void> {
  for (let at = 4; at + 4 <= source.size; ) {
    const head = await source.read(at, at + 4);
    const length = viewOf(head).getUint32(0) & 0xffffff;
    const kind = (head[0] ?? 0) & 0x7f;
    if (kind === COMMENT_BLOCK) readComments(await source.read(at + 4, at + 4 + length), texts);
    if ((head[0] ?? 0) & 0x80) return;
    at += 4 + length;
  }
}

/** Ogg: the second packet of the stream, put together from its pages. */
export async function readOgg(source: Source, texts: Texts): Promise<void> {
  const packets = pagesOf(await source.read(0, HEAD));
  const opus = indexOf(packets, [...new TextEncoder().encode("OpusTags")]);
  const vorbis = indexOf(packets, [3, ...new TextEncoder().encode("vorbis")]);
  if (opus >= 0) readComments(packets.subarray(opus + 8), texts);
  else if (vorbis >= 0) readComments(packets.subarray(vorbis + 7), texts);
}

/** The bodies of Ogg pages behind each other. */
function pagesOf(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; tagAt(bytes, at) === "OggS"; ) {
    const count = bytes[at + 26] ?? 0;
    const sizes = bytes.subarray(at + 27, at + 27 + count);
    const length = sizes.reduce((sum, size) => sum + size, 0);
    const from = at + 27 + count;
    parts.push(bytes.subarray(from, from + length));
    at = from + length;
  }
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Vorbis comments: lengths in little endian, `KEY=value` in UTF-8. */
function readComments(bytes: Uint8Array, texts: Texts): void {
  const view = viewOf(bytes);
  if (bytes.length < 8) return;
  let at = 4 + view.getUint32(0, true);
  const count = at + 4 <= bytes.length ? view.getUint32(at, true) : 0;
  at += 4;
  for (let i = 0; i < count && at + 4 <= bytes.length; i++) {
    const length = view.getUint32(at, true);
    const [key = "", ...value] = utf8(bytes.subarray(at + 4, at + 4 + length)).split("=");
    keep(texts, key.toLowerCase(), value.join("="));
    at += 4 + length;
  }
}

/** MP3: frames TXXX and COMM of an ID3v2 tag. */
export async function readMp3(source: Source, texts: Texts): Promise<void> {
  const head = await source.read(0, 10);
  const version = head[3] ?? 0;
  const bytes = await source.read(10, 10 + synchsafe(head, 6));
  for (let at = 0; at + 10 <= bytes.length && bytes[at] !== 0; ) {
    const name = tagAt(bytes, at);
    const length = version >= 4 ? synchsafe(bytes, at + 4) : viewOf(bytes).getUint32(at + 4);
    const body = bytes.subarray(at + 10, at + 10 + length);
    if (name === "TXXX") readFrame(body.subarray(1), body[0] ?? 0, texts);
    if (name === "COMM") readFrame(body.subarray(4), body[0] ?? 0, texts);
    at += 10 + length;
  }
}

function readFrame(body: Uint8Array, encoding: number, texts: Texts): void {
  const wide = encoding === 1 || encoding === 2;
  const name = encoding === 1 ? "utf-16" : encoding === 2 ? "utf-16be" : encoding === 3 ? "utf-8" : "latin1";
  const text = new TextDecoder(name).decode(wide ? body.subarray(0, body.length - (body.length % 2)) : body);
  const [key = "", ...value] = text.split("\0");
  keep(texts, key.toLowerCase() || "comment", value.join("").replace(/^\ufeff/, ""));
}

/** Seven bits of each byte, as ID3 writes sizes. */
function synchsafe(bytes: Uint8Array, at: number): number {
  return [0, 1, 2, 3].reduce((sum, i) => sum * 128 + ((bytes[at + i] ?? 0) & 0x7f), 0);
}
