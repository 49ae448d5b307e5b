/** Text chunks of a PNG: tEXt, zTXt and iTXt (PNG specification, 11.3.4). */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/** All text chunks by keyword; an empty map for data that is no PNG. */
export async function readPngText(data: ArrayBuffer): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const bytes = new Uint8Array(data);
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) return found;
  const view = new DataView(data);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = latin1(bytes.subarray(at + 4, at + 8));
    const body = bytes.subarray(at + 8, at + 8 + length);
    const entry = await readChunk(type, body);
    if (entry) found.set(entry[0], entry[1]);
    at += 12 + length;
  }
  return found;
}

async function readChunk(type: string, body: Uint8Array): Promise<[string, string] | null> {
  const end = body.indexOf(0);
  if (end < 0) return null;
  const keyword = latin1(body.subarray(0, end));
  if (type === "tEXt") return [keyword, latin1(body.subarray(end + 1))];
  if (type === "zTXt") return [keyword, latin1(await inflate(body.subarray(end + 2)))];
  if (type !== "iTXt") return null;
  // keyword NUL compressed(1) method(1) language NUL translated keyword NUL text
  const language = body.indexOf(0, end + 3);
  const translated = body.indexOf(0, language + 1);
  const text = body.subarray(translated + 1);
  const plain = body[end + 1] === 1 ? await inflate(text) : text;
  return [keyword, new TextDecoder().decode(plain)];
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
