/** Versions of a document that were kept under a name, in the browser's storage. */
import { t } from "../i18n";
import { isObject, parseJson, stringifyJson } from "../model/json";
import { asWorkflow, type Workflow } from "../model/workflow";
import type { App } from "./app";
import type { Session } from "./papers";
import { sentenceOf, toast } from "./ui";

export interface Version {
  key: string;
  name: string;
  at: number;
  raw: Workflow;
}

const prefix = (session: Session): string => `${session.id}/version/`;

/** Keep the document, or another text of it, as a version. */
export async function keepVersion(app: App, session: Session, name: string, text?: string): Promise<void> {
  const raw = text === undefined ? session.doc.raw : parseJson(text);
  const at = Date.now();
  try {
    await app.store.writeText(prefix(session) + String(at).padStart(14, "0"), stringifyJson({ name, at, raw }));
  } catch (error) {
    toast(t("The version could not be kept: {why}", { why: sentenceOf(error) }), "error");
  }
}

/** All versions of a document, newest first. */
export async function versionsOf(app: App, session: Session): Promise<Version[]> {
  const keys = await app.store.keys(prefix(session));
  const texts = await Promise.all(keys.map((key) => app.store.readText(key)));
  return keys
    .flatMap((key, i) => {
      const value = parseJson(texts[i] ?? "null");
      if (!isObject(value) || value["raw"] === undefined) return [];
      return [{ key, name: String(value["name"] as string), at: Number(value["at"]), raw: asWorkflow(value["raw"]) }];
    })
    .reverse();
}

/** What a version has more, less and other than the document, in a few words. */
export function difference(now: Workflow, then: Workflow): string {
  const text = (raw: Workflow): Map<string, string> => new Map(raw.nodes.map((node) => [String(node.id), stringifyJson(node)]));
  const [here, there] = [text(now), text(then)];
  const more = [...there.keys()].filter((id) => !here.has(id)).length;
  const less = [...here.keys()].filter((id) => !there.has(id)).length;
  const other = [...there].filter(([id, node]) => here.has(id) && here.get(id) !== node).length;
  const parts = [more && t("{n} more", { n: more }), less && t("{n} fewer", { n: less }), other && t("{n} changed", { n: other })];
  const said = parts.filter(Boolean).join(", ");
  return said === "" ? t("the same nodes as now") : t("{what} than now", { what: said });
}
