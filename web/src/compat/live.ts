/**
 * Parts of the document that scripts may write to as if they were plain data.
 *
 * Invariant: what is read is the document's own JSON; every write is an edit of the document, so that
 * undo, the journal and other tabs know of it.
 */
import { isObject, type Json, type JsonObject } from "../model/json";
import type { Edit } from "../model/document";
import type { Path } from "../model/patch";

export type Container = Json[] | JsonObject;

/** How a view finds its place and writes there. */
export interface Ground {
  path(): Path;
  edit(run: (edit: Edit) => void): void;
}

const known = new WeakMap<Container, Container>();

/** What JSON keeps of a value of a script: functions and classes are lost, as when a file is saved. */
export function asJson(value: unknown): Json {
  if (typeof value === "bigint") return value;
  const text = JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? Number(part) : part)) as string | undefined;
  return text === undefined ? null : (JSON.parse(text) as Json);
}

/** The live view of an array or object of the document. */
export function live<T extends Container>(target: T, ground: Ground): T {
  const made = known.get(target);
  if (made) return made as T;
  const view = new Proxy(target, Array.isArray(target) ? listHandler(target, ground) : handler(target, ground)) as T;
  known.set(target, view);
  return view;
}

const isContainer = (value: unknown): value is Container => Array.isArray(value) || isObject(value as Json);

/** The ground of what lies under a key; a list finds its parts again after they moved. */
function below(target: Container, ground: Ground, key: string, part: Container): Ground {
  return {
    path: () => [...ground.path(), Array.isArray(target) ? target.indexOf(part) : key],
    edit: ground.edit,
  };
}

function handler(target: Container, ground: Ground): ProxyHandler<Container> {
  return {
    get(_, key, receiver) {
      const value: unknown = Reflect.get(target, key, receiver);
      if (typeof key === "symbol" || !isContainer(value)) return value;
      return live(value, below(target, ground, key, value));
    },
    set(_, key, value: unknown) {
      if (typeof key === "symbol") return false;
      ground.edit((edit) => { edit.set([...ground.path(), key], asJson(value)); });
      return true;
    },
    deleteProperty(_, key) {
      if (typeof key === "symbol" || !(key in target)) return true;
      ground.edit((edit) => { edit.set([...ground.path(), key], undefined); });
      return true;
    },
  };
}

/** Lists grow and shrink by steps that the history knows. */
function listHandler(target: Json[], ground: Ground): ProxyHandler<Container> {
  const plain = handler(target, ground);
  const write = (at: number, value: unknown): void => {
    ground.edit((edit) => {
      if (at >= target.length) edit.push(ground.path(), asJson(value));
      else edit.set([...ground.path(), at], asJson(value));
    });
  };
  return {
    ...plain,
    set(_, key, value: unknown) {
      if (typeof key === "symbol") return false;
      if (key === "length") {
        ground.edit((edit) => {
          for (let at = target.length - 1; at >= Number(value); at--) edit.removeAt(ground.path(), at);
        });
        return true;
      }
      const at = Number(key);
      if (!Number.isInteger(at)) return false;
      write(at, value);
      return true;
    },
    deleteProperty: () => true,
  };
}
