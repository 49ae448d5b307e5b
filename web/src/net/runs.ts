/**
 * The run store: events of the server folded into what each node shows.
 *
 * A job belongs to the document that queued it, whichever is shown; events of other jobs change
 * only the queue count.
 */
import { t } from "../i18n";
import { isObject, type Json, type JsonObject } from "../model/json";
import type { Key } from "../model/workflow";
import { type FileRef, filesOf } from "./client";

export type NodeState = "idle" | "pending" | "running" | "done" | "cached" | "error";

export interface NodeUpdate {
  state?: NodeState;
  progress?: { value: number; max: number } | null;
  images?: readonly FileRef[];
  /** What plays: sounds, films, moving pictures. */
  media?: readonly { kind: "audio" | "video" | "moving"; ref: FileRef }[];
  /** Two pictures that it compares. */
  versus?: readonly [FileRef, FileRef] | null;
  /** What it says in words. */
  texts?: readonly string[];
  errors?: readonly { input: string | null; text: string }[];
  /** Milliseconds that it took. */
  ms?: number;
  /** A preview that no longer holds. */
  dropLive?: boolean;
}

export type JobEnd = "success" | "error" | "interrupted";

export interface RunSink {
  update(node: Key, change: NodeUpdate, prompt: string): void;
  queue(count: number): void;
  /** Something happened that the run survived. */
  notice(text: string): void;
  started(prompt: string): void;
  progress(prompt: string, fraction: number): void;
  ended(prompt: string, how: JobEnd, message: string): void;
}

const text = (value: Json | undefined): string | null =>
  typeof value === "string" || typeof value === "number" ? String(value) : null;

interface Job {
  /** The nodes it was queued with. */
  nodes: readonly Key[];
  started: boolean;
  node: Key | null;
  done: Set<Key>;
  /** The server tells of every node when it is finished; nodes then may run side by side. */
  detailed: boolean;
}

const fresh = (nodes: readonly Key[]): Job => ({ nodes, started: false, node: null, done: new Set(), detailed: false });

export class Runs {
  /** Jobs of the open documents. Several may run at once, on several devices. */
  private readonly jobs = new Map<string, Job>();
  private latest: string | null = null;

  constructor(private readonly sink: RunSink) {}

  /** The job that started last and still runs. */
  get running(): string | null {
    return this.latest;
  }

  isRunning(prompt: string): boolean {
    return this.jobs.get(prompt)?.started === true;
  }

  /** The node that a job is at. */
  nodeOf(prompt: string): Key | null {
    return this.jobs.get(prompt)?.node ?? null;
  }

  /** A document was opened: its jobs, and the nodes they may report on. */
  adopt(prompts: readonly string[], nodes: readonly Key[]): void {
    for (const id of prompts) if (!this.jobs.has(id)) this.jobs.set(id, fresh(nodes));
  }

  /** A prompt is on its way; its id is ours, so events cannot overtake it. */
  queued(prompt: string, nodes: readonly Key[]): void {
    this.jobs.set(prompt, fresh(nodes));
  }

  refused(prompt: string): void {
    this.jobs.delete(prompt);
  }

  /** The server took a prompt without some of its nodes: the run says nothing of these. */
  partly(prompt: string, without: ReadonlySet<Key>): void {
    const job = this.jobs.get(prompt);
    if (job) job.nodes = job.nodes.filter((node) => !without.has(node));
  }

  /** Fold in one event of the socket. */
  event(type: string, data: JsonObject): void {
    if (type === "status") {
      this.status(data);
      return;
    }
    const prompt = text(data["prompt_id"]);
    if (prompt !== null && this.jobs.has(prompt)) this.jobEvent(type, prompt, data);
  }

  private status(data: JsonObject): void {
    const status = isObject(data["status"]) ? data["status"] : {};
    const info = isObject(status["exec_info"]) ? status["exec_info"] : {};
    this.sink.queue(Number(info["queue_remaining"] ?? 0));
  }

  private jobEvent(type: string, prompt: string, data: JsonObject): void {
    const job = this.jobs.get(prompt);
    if (!job) return;
    if (!job.started && type !== "execution_success" && !this.isEnd(type, data)) this.start(prompt, job);
    switch (type) {
      case "execution_cached":
        this.cached(prompt, data);
        break;
      case "executing":
        this.executing(prompt, nodeKey(data["display_node"] ?? data["node"]));
        break;
      case "progress":
        this.progress(prompt, nodeKey(data["node"]), data);
        break;
      case "progress_state":
        this.progressState(prompt, data);
        break;
      case "executed":
        this.executed(prompt, data);
        break;
      case "x_node_stats":
        this.took(prompt, data);
        break;
      case "x_notice":
        this.sink.notice(text(data["text"]) ?? "");
        break;
      case "execution_success":
        this.end(prompt, "success", "");
        break;
      case "execution_interrupted":
        this.end(prompt, "interrupted", "");
        break;
      case "execution_error":
        this.failed(prompt, data);
        break;
    }
  }

  private isEnd(type: string, data: JsonObject): boolean {
    return type === "execution_error" || type === "execution_interrupted" || (type === "executing" && data["node"] == null);
  }

  private start(prompt: string, job: Job): void {
    this.jobs.set(prompt, Object.assign(job, fresh(job.nodes), { started: true }));
    this.latest = prompt;
    for (const node of job.nodes) {
      this.sink.update(node, { state: "pending", progress: null, errors: [] }, prompt);
    }
    this.sink.started(prompt);
  }

  private cached(prompt: string, data: JsonObject): void {
    const nodes = Array.isArray(data["nodes"]) ? data["nodes"] : [];
    for (const id of nodes) {
      const node = nodeKey(id);
      if (node) this.finish(prompt, node, "cached");
    }
  }

  private executing(prompt: string, node: Key | null): void {
    const job = this.jobs.get(prompt);
    if (!job?.started) return;
    const last = job.node;
    // Plain servers run one node at a time: the next one means that the last one is done.
    if (last !== null && last !== node && !job.detailed) this.finish(prompt, last, "done");
    job.node = node;
    if (node !== null) this.sink.update(node, { state: "running", progress: null, dropLive: true }, prompt);
  }

  private progress(prompt: string, node: Key | null, data: JsonObject): void {
    if (node === null || this.jobs.get(prompt)?.done.has(node)) return;
    const progress = { value: Number(data["value"] ?? 0), max: Number(data["max"] ?? 0) };
    this.sink.update(node, { state: "running", progress }, prompt);
    this.overall(prompt, progress.max > 0 ? progress.value / progress.max : 0);
  }

  private progressState(prompt: string, data: JsonObject): void {
    const nodes = isObject(data["nodes"]) ? data["nodes"] : {};
    const job = this.jobs.get(prompt);
    if (job) job.detailed = true;
    for (const [id, entry] of Object.entries(nodes)) {
      if (!isObject(entry)) continue;
      const node = nodeKey(entry["display_node_id"] ?? id);
      if (node === null) continue;
      if (entry["state"] === "running") this.progress(prompt, node, entry);
      if (entry["state"] === "finished") this.finish(prompt, node, "done");
    }
  }

  private executed(prompt: string, data: JsonObject): void {
    const node = nodeKey(data["display_node"] ?? data["node"]);
    if (node === null) return;
    if (data["output"] != null) this.sink.update(node, shownBy(data["output"]), prompt);
    this.finish(prompt, node, "done");
  }

  private took(prompt: string, data: JsonObject): void {
    const node = nodeKey(data["node"]);
    const ms = Number(data["ms"]);
    if (node !== null && data["cached"] !== true && ms > 0) this.sink.update(node, { ms }, prompt);
  }

  private finish(prompt: string, node: Key, state: "done" | "cached"): void {
    const job = this.jobs.get(prompt);
    if (!job?.started || job.done.has(node)) return;
    job.done.add(node);
    this.sink.update(node, { state, progress: null }, prompt);
    this.overall(prompt, 0);
  }

  /** Share of the whole job, for the bar in the top row. */
  private overall(prompt: string, step: number): void {
    const job = this.jobs.get(prompt);
    const total = job?.nodes.length ?? 0;
    if (job?.started && total > 0) this.sink.progress(prompt, Math.min(1, (job.done.size + step) / total));
  }

  private failed(prompt: string, data: JsonObject): void {
    const node = nodeKey(data["node_id"]);
    const message = text(data["exception_message"])?.trim() ?? t("It failed without a message.");
    const kind = text(data["exception_type"]);
    const errors = [{ input: null, text: kind ? `${message} (${kind})` : message }];
    if (node !== null) this.sink.update(node, { state: "error", progress: null, errors }, prompt);
    // A blocked output is reported like a failure, but the job goes on and ends with success.
    if (kind !== "ExecutionBlocked") this.end(prompt, "error", message);
  }

  private end(prompt: string, how: JobEnd, message: string): void {
    const job = this.jobs.get(prompt);
    for (const node of job?.nodes ?? []) {
      if (job?.done.has(node) || (how === "error" && node === job?.node)) continue;
      const state = how === "success" ? "done" : "idle";
      this.sink.update(node, { state, progress: null, dropLive: how !== "success" }, prompt);
    }
    if (job) job.started = false;
    if (this.latest === prompt) {
      this.latest = [...this.jobs].findLast(([, other]) => other.started)?.[0] ?? null;
    }
    this.sink.ended(prompt, how, message);
  }
}

/** What a node's UI output puts on it. */
export function shownBy(output: Json): NodeUpdate {
  const { still, media } = sorted(output);
  const [a] = filesOf(output, "a_images");
  const [b] = filesOf(output, "b_images");
  return { images: still, texts: textsOf(output), media, versus: a && b ? [a, b] : null };
}

const FILM = /\.(webm|mp4|mkv|mov|m4v)$/i;
const SOUND = /\.(flac|mp3|ogg|opus|wav|m4a)$/i;

/** Files of a result by what shows them. */
function sorted(output: Json): { still: FileRef[]; media: NonNullable<NodeUpdate["media"]> } {
  const animated = isObject(output) && [output["animated"]].flat()[0] === true;
  const all = ["images", "video", "gifs", "audio"].flatMap((name) => filesOf(output, name));
  const kind = ({ filename }: FileRef): "audio" | "video" | "moving" | null =>
    SOUND.test(filename) ? "audio" : FILM.test(filename) ? "video" : animated || /\.gif$/i.test(filename) ? "moving" : null;
  return {
    still: all.filter((ref) => kind(ref) === null),
    media: all.flatMap((ref) => {
      const found = kind(ref);
      return found === null ? [] : [{ kind: found, ref }];
    }),
  };
}

/** Texts of a node's UI output. */
function textsOf(output: Json): readonly string[] {
  const list = isObject(output) ? (output["text"] ?? output["string"]) : null;
  const texts = Array.isArray(list) ? list : [list];
  return texts.flatMap((entry) => text(entry ?? undefined) ?? []);
}

/** The node that an execution id belongs to; what expansion adds behind a dot is its inside. */
export function nodeKey(id: Json | undefined): Key | null {
  return id == null ? null : (String(id as string).split(".")[0] ?? null);
}

/** `node_errors` of a refused prompt, as sentences per node. */
export function readNodeErrors(body: Json): Map<Key, { input: string | null; text: string }[]> {
  const found = new Map<Key, { input: string | null; text: string }[]>();
  const errors = isObject(body) && isObject(body["node_errors"]) ? body["node_errors"] : {};
  for (const [id, entry] of Object.entries(errors)) {
    const list = isObject(entry) && Array.isArray(entry["errors"]) ? entry["errors"] : [];
    const key = nodeKey(id);
    if (key !== null) found.set(key, list.filter(isObject).map(sentence));
  }
  return found;
}

/** The nodes that a prompt is run without: those at fault, and the outputs that need them. */
export function leftOut(answer: Json): ReadonlySet<Key> {
  const errors = isObject(answer) && isObject(answer["node_errors"]) ? answer["node_errors"] : {};
  const outputs = Object.values(errors).flatMap((entry) => (isObject(entry) && Array.isArray(entry["dependent_outputs"]) ? entry["dependent_outputs"] : []));
  return new Set([...Object.keys(errors), ...outputs].flatMap((id) => nodeKey(id) ?? []));
}

function sentence(error: JsonObject): { input: string | null; text: string } {
  const extra = isObject(error["extra_info"]) ? error["extra_info"] : {};
  const message = text(error["message"]) ?? t("This node cannot run");
  const details = text(error["details"]) ?? "";
  const joined = details && details !== message ? `${message}: ${details}` : message;
  return { input: text(extra["input_name"]), text: joined };
}
