/**
 * The event socket: opens again by itself, with a wait that doubles up to 15 s.
 *
 * Invariant: the first frame after every opening announces what this client understands; the
 * server numbers its events, and after a break tells again those behind the last one seen.
 */
import { isObject, type Json, type JsonObject, parseJson } from "../model/json";

/** A preview picture; ids are missing on servers that send plain previews. */
export interface Preview {
  node: string | null;
  prompt: string | null;
  blob: Blob;
}

export interface SocketEvents {
  event(type: string, data: JsonObject): void;
  preview(preview: Preview): void;
  /** The connection came up or went down. */
  state(open: boolean): void;
}

const FIRST_WAIT = 500;
const LAST_WAIT = 15_000;

export class EventSocket {
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;
  /** Number of the last event seen. */
  private seen = 0;

  constructor(
    private readonly url: string,
    private readonly events: SocketEvents,
  ) {
    this.open();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  /** Try at once instead of waiting, when the network or the tab came back. */
  hurry(): void {
    if (this.socket || this.closed) return;
    clearTimeout(this.timer);
    this.open();
  }

  private open(): void {
    const after = this.seen > 0 ? `&after=${String(this.seen)}` : "";
    const socket = new WebSocket(this.url + after);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.wait = FIRST_WAIT;
      socket.send(JSON.stringify({ type: "feature_flags", data: { supports_preview_metadata: true } }));
      this.events.state(true);
    };
    socket.onmessage = (message: MessageEvent<string | ArrayBuffer>) => {
      if (typeof message.data === "string") this.text(message.data);
      else this.binary(message.data);
    };
    socket.onclose = () => {
      this.again();
    };
  }

  private again(): void {
    this.socket = null;
    if (this.closed) return;
    this.events.state(false);
    this.timer = setTimeout(() => {
      this.open();
    }, this.wait);
    this.wait = Math.min(LAST_WAIT, this.wait * 2);
  }

  private text(text: string): void {
    let frame: Json;
    try {
      frame = parseJson(text);
    } catch {
      return;
    }
    if (!isObject(frame) || typeof frame["type"] !== "string") return;
    if (typeof frame["seq"] === "number") this.seen = Math.max(this.seen, frame["seq"]);
    this.events.event(frame["type"], isObject(frame["data"]) ? frame["data"] : {});
  }

  private binary(data: ArrayBuffer): void {
    const preview = readPreview(data);
    if (preview) this.events.preview(preview);
  }
}

/** Decode a binary frame: type 1 is a bare preview, type 4 one with metadata; others are null. */
export function readPreview(data: ArrayBuffer): Preview | null {
  if (data.byteLength < 8) return null;
  const view = new DataView(data);
  const kind = view.getUint32(0);
  if (kind === 1) {
    const type = view.getUint32(4) === 2 ? "image/png" : "image/jpeg";
    return { node: null, prompt: null, blob: new Blob([data.slice(8)], { type }) };
  }
  if (kind !== 4) return null;
  const length = view.getUint32(4);
  const meta = parseJson(new TextDecoder().decode(new Uint8Array(data, 8, length)));
  if (!isObject(meta)) return null;
  const node = meta["display_node_id"] ?? meta["node_id"];
  const type = typeof meta["image_type"] === "string" ? meta["image_type"] : "image/jpeg";
  return {
    node: node == null ? null : String(node as string),
    prompt: typeof meta["prompt_id"] === "string" ? meta["prompt_id"] : null,
    blob: new Blob([data.slice(8 + length)], { type }),
  };
}
