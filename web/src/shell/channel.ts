/**
 * The pages of one browser tell each other what they have open.
 *
 * Invariant: two live pages never write the same journal. A page that was duplicated learns so
 * from the other one and goes on with copies.
 */
import type { App } from "./app";
import { uuid } from "./identity";

/** What pages say. `page` is the speaker; a duplicated page has the same `tab` but another page. */
type Message =
  | { kind: "hello"; page: string; tab: string }
  | { kind: "taken"; page: string; tab: string }
  | { kind: "who"; page: string; tab: string }
  | { kind: "here"; page: string; tab: string }
  | { kind: "saved"; page: string; path: string; etag: string };

const ANSWER_MS = 150;
const NAME = "loom";

/** What one page hears of the others. */
export class Channel {
  private readonly page = uuid();
  private readonly line: BroadcastChannel;
  private answered: ((tab: string) => void) | null = null;

  constructor(
    private readonly tab: string,
    private readonly heard: {
      /** Another page has this browser tab's name already. */
      taken(): void;
      /** Another page saved a file. */
      saved(path: string, etag: string): void;
    },
    name = NAME,
  ) {
    this.line = new BroadcastChannel(name);
    this.line.onmessage = (event: MessageEvent<Message>) => {
      this.hear(event.data);
    };
    this.say({ kind: "hello", page: this.page, tab });
  }

  /** Tell the others that a file is now another one. */
  saved(path: string, etag: string): void {
    this.say({ kind: "saved", page: this.page, path, etag });
  }

  /** Whether a page of that name is alive. */
  isAlive(tab: string): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(false);
      }, ANSWER_MS);
      this.answered = (other) => {
        if (other !== tab) return;
        clearTimeout(timer);
        resolve(true);
      };
      this.say({ kind: "who", page: this.page, tab });
    });
  }

  close(): void {
    this.line.close();
  }

  private hear(message: Message): void {
    if (message.page === this.page) return;
    if (message.kind === "saved") this.heard.saved(message.path, message.etag);
    else if (message.kind === "here") this.answered?.(message.tab);
    else if (message.tab !== this.tab) return;
    else if (message.kind === "hello") this.say({ kind: "taken", page: this.page, tab: this.tab });
    else if (message.kind === "who") this.say({ kind: "here", page: this.page, tab: this.tab });
    else this.heard.taken();
  }

  private say(message: Message): void {
    this.line.postMessage(message);
  }
}

/** Bring back what was open: of this browser tab, or of one that is gone. */
export async function greet(app: App): Promise<void> {
  const { papers, channel, tab } = app;
  if (await papers.restore(tab)) return;
  const latest = localStorage.getItem("loom.latest");
  const orphaned = latest !== null && latest !== tab && !(await channel.isAlive(latest));
  if (!(orphaned && (await papers.restore(latest)))) papers.start();
}

/** Go on under another name with copies of the documents. */
export async function separate(app: App): Promise<void> {
  const tab = uuid();
  await app.papers.fork(tab);
  sessionStorage.setItem("loom.tab", tab);
  location.reload();
}
