/** Choices of lists: several at once, and those that a route of the server gives (`remote`). */
import { isObject, type Json, type JsonObject } from "../model/json";
import type { InputSpec } from "../model/schema";

export const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? value : []);

/** A value put in or taken out; those that are known keep the order of the list. */
export function toggled(chosen: readonly Json[], value: Json, all: readonly Json[]): Json[] {
  if (chosen.includes(value)) return chosen.filter((one) => one !== value);
  const rank = (one: Json): number => (all.includes(one) ? all.indexOf(one) : Infinity);
  return [...chosen, value].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

const remoteOf = (input: InputSpec): JsonObject | null => {
  const { remote } = input.options;
  return isObject(remote) && typeof remote["route"] === "string" ? remote : null;
};

export const isRemote = (input: InputSpec): boolean => remoteOf(input) !== null;

/** The value that asking anew puts in, if the node's author wants that; else null. */
export function afterRefresh(input: InputSpec, choices: readonly Json[]): Json | null {
  const asked = remoteOf(input)?.["control_after_refresh"];
  return (asked === "first" ? choices[0] : asked === "last" ? choices.at(-1) : null) ?? null;
}

/** Where and how to ask for the choices; null if the route leads to another host than `page`. */
export function remoteCall(input: InputSpec, page: string): { url: string; timeout: number; tries: number; keep: number } | null {
  const remote = remoteOf(input);
  if (!remote) return null;
  const route = String(remote["route"] as string);
  const url = new URL(route.startsWith("/") && !route.startsWith("//") ? `.${route}` : route, page);
  if (url.origin !== new URL(page).origin) return null;
  const query = isObject(remote["query_params"]) ? remote["query_params"] : {};
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, String(value as string));
  const number = (name: string, fallback: number): number => (Number(remote[name]) > 0 ? Number(remote[name]) : fallback);
  return { url: url.href, timeout: number("timeout", 10_000), tries: 1 + Math.min(5, number("max_retries", 0)), keep: number("refresh", Infinity) };
}

/** The list inside an answer: at `response_key`, or the answer itself. */
export function choicesIn(input: InputSpec, answer: Json): readonly Json[] {
  const key = remoteOf(input)?.["response_key"];
  const path = typeof key === "string" && key !== "" ? key.split(".") : [];
  const found = path.reduce<Json | undefined>((at, part) => (isObject(at) ? at[part] : undefined), answer);
  return Array.isArray(found) ? found : [];
}
