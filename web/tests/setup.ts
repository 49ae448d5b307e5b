/** Shared fixtures: node specs as a server sends them, and the default workflow. */
import { readFileSync } from "node:fs";
import { Document } from "../src/model/document";
import { parseJson, type Json } from "../src/model/json";
import { readSpecs, type Specs } from "../src/model/schema";
import { withVirtual } from "../src/model/virtual";
import { asWorkflow } from "../src/model/workflow";

export const fileText = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
export const fileJson = (path: string): Json => parseJson(fileText(path));

export const specs: Specs = withVirtual(readSpecs(fileJson("./fixtures/object_info.json")));

export const defaultDocument = (): Document =>
  new Document(asWorkflow(fileJson("../../workflows/default.json")));

/** A random source that gives the same numbers every time. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
