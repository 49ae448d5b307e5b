/** Sweeps of the server: starting one, and how far its cells are. */
import type { Axis } from "../model/axes";
import { isObject, type Json, type JsonObject } from "../model/json";
import { type Client, type FileRef, imagesOf } from "./client";

export interface Cell {
  job: string;
  /** Number of its value on each axis. */
  place: readonly number[];
  values: readonly Json[];
  status: string;
  /** Its pictures by node. */
  pictures: ReadonlyMap<string, FileRef>;
}

export interface Sweep {
  axes: readonly Axis[];
  cells: readonly Cell[];
}

const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const word = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** Queue a job for every combination; its id. A refusal is a ServerError. */
export async function startSweep(client: Client, body: JsonObject): Promise<string> {
  const answer = await client.json("x/sweep", "POST", body);
  return isObject(answer) ? word(answer["sweep"]) : "";
}

export async function readSweep(client: Client, id: string): Promise<Sweep> {
  const answer = await client.json(`x/sweep/${encodeURIComponent(id)}`);
  const body = isObject(answer) ? answer : {};
  const axes = list(body["axes"]).filter(isObject).map((a) => ({ node: word(a["node"]), input: word(a["input"]), values: list(a["values"]) }));
  return { axes, cells: list(body["cells"]).filter(isObject).map(readCell) };
}

function readCell(cell: JsonObject): Cell {
  const outputs = isObject(cell["outputs"]) ? cell["outputs"] : {};
  const pictures = new Map<string, FileRef>();
  for (const [node, output] of Object.entries(outputs)) {
    const [first] = imagesOf(output);
    if (first) pictures.set(node, first);
  }
  const place = list(cell["place"]).map(Number);
  return { job: word(cell["prompt_id"]), place, values: list(cell["values"]), status: word(cell["status"]), pictures };
}

/** True once no cell waits or runs. */
export const isOver = ({ cells }: Sweep): boolean => cells.every((cell) => cell.status !== "pending" && cell.status !== "in_progress");
