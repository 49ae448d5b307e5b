/** Saved workflows with their ETags: nobody replaces a version that they have not seen. */
import { t } from "../i18n";
import { type Client, ServerError } from "./client";

export interface Stored {
  text: string;
  etag: string | null;
}

/** What a save may replace: anything, nothing, or just the version with an ETag. */
export type Replaces = { any: true } | { none: true } | { etag: string };

const place = (client: Client, path: string): string => client.url(`userdata/${encodeURIComponent(`workflows/${path}`)}`);

async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch {
    throw new ServerError(t("The server does not answer. Is it still running?"), 0, null);
  }
}

/** The file as it is now; null if there is none. */
export async function readStored(client: Client, path: string): Promise<Stored | null> {
  const answer = await ask(place(client, path), { cache: "no-cache" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new ServerError(t("{path} cannot be read ({status})", { path, status: answer.status }), answer.status, null);
  return { text: await answer.text(), etag: answer.headers.get("ETag") };
}

/** Save a file; returns its ETag. A ServerError 409 or 412 says that another version is there. */
export async function writeStored(client: Client, path: string, text: string, replaces: Replaces): Promise<string | null> {
  const query = "none" in replaces ? "?overwrite=false" : "";
  const headers: Record<string, string> = "etag" in replaces ? { "If-Match": replaces.etag } : {};
  const answer = await ask(place(client, path) + query, { method: "POST", body: text, headers });
  if (answer.ok) return answer.headers.get("ETag");
  throw new ServerError(t("{path} was not saved ({status})", { path, status: answer.status }), answer.status, null);
}
