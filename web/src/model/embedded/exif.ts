/** Texts in EXIF data (TIFF 6.0 directories), as JPEG, WebP and AVIF carry it. */
import { indexOf, keep, type Source, tagAt, type Texts, utf8, viewOf } from "./bytes";

const ASCII = 2;
const UNDEFINED = 7;
const EXIF_IFD = 0x8769;
const USER_COMMENT = 0x9286;
const MOST_ENTRIES = 500;

/** Texts of a TIFF block; nothing for other data. */
export function readTiff(bytes: Uint8Array, texts: Texts): void {
  const little = tagAt(bytes, 0) === "II*\0";
  if (!little && tagAt(bytes, 0) !== "MM\0*") return;
  const view = viewOf(bytes);
  const seen = new Set<number>();
  const directory = (at: number): void => {
    if (seen.has(at) || at + 2 > bytes.length) return;
    seen.add(at);
    const count = Math.min(view.getUint16(at, little), MOST_ENTRIES);
    for (let i = 0; i < count; i++) entry(at + 2 + 12 * i);
  };
  const entry = (at: number): void => {
    if (at + 12 > bytes.length) return;
    const [tag, type, size] = [view.getUint16(at, little), view.getUint16(at + 2, little), view.getUint32(at + 4, little)];
    const from = size <= 4 ? at + 8 : view.getUint32(at + 8, little);
    if (tag === EXIF_IFD) directory(view.getUint32(at + 8, little));
    else if (type === ASCII || (type === UNDEFINED && tag === USER_COMMENT)) {
      keep(texts, `exif ${tag.toString(16)}`, commentOf(bytes.subarray(from, from + size), tag, little));
    }
  };
  directory(view.getUint32(4, little));
}

/** A user comment begins with eight bytes that name its alphabet. */
function commentOf(bytes: Uint8Array, tag: number, little: boolean): string {
  if (tag !== USER_COMMENT) return utf8(bytes);
  const alphabet = utf8(bytes.subarray(0, 7));
  if (alphabet !== "UNICODE") return utf8(bytes.subarray(8));
  return new TextDecoder(little ? "utf-16le" : "utf-16be").decode(bytes.subarray(8));
}

const EXIF_MARK = [0x45, 0x78, 0x69, 0x66, 0, 0];
const HEAD = 4_000_000;

/** JPEG: the segments before the picture. */
export async function readJpeg(source: Source, texts: Texts): Promise<void> {
  const bytes = await source.read(0, HEAD);
  const view = viewOf(bytes);
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
    const [marker, length] = [bytes[at + 1] ?? 0, view.getUint16(at + 2)];
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (marker === 0xe1 && EXIF_MARK.every((byte, i) => body[i] === byte)) readTiff(body.subarray(6), texts);
    if (marker === 0xfe) keep(texts, "comment", utf8(body));
    if (marker === 0xda) return;
    at += 2 + length;
  }
}

/** WebP: the chunk EXIF of the RIFF file. */
export async function readWebp(source: Source, texts: Texts): Promise<void> {
  for (let at = 12; at + 8 <= source.size; ) {
    const head = await source.read(at, at + 8);
    const length = viewOf(head).getUint32(4, true);
    if (tagAt(head, 0) === "EXIF") {
      const body = await source.read(at + 8, at + 8 + length);
      const marked = EXIF_MARK.every((byte, i) => body[i] === byte);
      readTiff(marked ? body.subarray(6) : body, texts);
    }
    at += 8 + length + (length % 2);
  }
}

/** AVIF and HEIC: the item with EXIF data lies somewhere in the file; its header is unmistakable. */
export async function readAvif(source: Source, texts: Texts): Promise<void> {
  const bytes = await source.read(0, 64_000_000);
  for (const mark of [[0x49, 0x49, 0x2a, 0, 8, 0, 0, 0], [0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8]]) {
    for (let at = indexOf(bytes, mark); at >= 0; at = indexOf(bytes, mark, at + 1)) readTiff(bytes.subarray(at), texts);
  }
}
