/** Large texts in IndexedDB: one database, one table, two functions. */
/** Texts by key. */
export interface BigStore {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}

function request<T>(task: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    task.onsuccess = () => {
      resolve(task.result);
    };
    task.onerror = () => {
      reject(task.error ?? new Error("IndexedDB failed"));
    };
  });
}

async function table(mode: IDBTransactionMode): Promise<IDBObjectStore> {
  const opening = indexedDB.open("latent-loom", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("texts");
  };
  const database = await request(opening);
  return database.transaction("texts", mode).objectStore("texts");
}

export const bigStore: BigStore = {
  async get(key) {
    const value: unknown = await request((await table("readonly")).get(key));
    return typeof value === "string" ? value : null;
  },
  async put(key, value) {
    await request((await table("readwrite")).put(value, key));
  },
};
