/**
 * The prototype of the peer's canvas, which some scripts change.
 *
 * What is written there is kept, and the script that wrote it is named; the four methods that can be
 * answered here are called. All others do nothing, so that a script that wraps them does not fail.
 */
import type { Loose } from "./page";

/** Methods of that prototype that this page asks. */
export const ASKED = ["getCanvasMenuOptions", "processKey", "showLinkMenu", "createDefaultNodeForSlot"] as const;

/** The prototype that scripts may have changed. */
export const insides = (): Loose => (globalThis as unknown as Record<string, { prototype: Loose }>)["LGraphCanvas"]?.prototype ?? {};

/** Stands for the prototype; `changed` is called with each name that is written. */
export function watchedPrototype(own: object, changed: (name: string, trace: string) => void): Loose {
  const written: Loose = {};
  const nothing = (): undefined => undefined;
  const base = Object.getPrototypeOf(own) as Loose;
  return new Proxy(written, {
    get: (_, key) => {
      if (typeof key === "symbol") return Reflect.get(base, key) as unknown;
      if (key in written) return written[key];
      if (key === "getCanvasMenuOptions") return () => [];
      return key in base ? Object.getOwnPropertyDescriptor(base, key)?.value ?? nothing : nothing;
    },
    set: (_, key, value) => {
      if (typeof key === "symbol") return false;
      written[key] = value;
      if (!(ASKED as readonly string[]).includes(key)) changed(key, new Error().stack ?? "");
      return true;
    },
    has: () => true,
    defineProperty: (_, key, descriptor) => {
      written[String(key)] = descriptor.value ?? nothing;
      changed(String(key), new Error().stack ?? "");
      return true;
    },
  });
}
