/** Jobs of the server: the queue, and what earlier ones made. */
import { t } from "../i18n";
import { isObject, type Json, type JsonObject } from "../model/json";
import type { Job as ApiJob } from "./api";
import type { Client, FileRef } from "./client";

export type JobStatus = ApiJob["status"];

/** A file that a job made. */
export interface Made extends FileRef {
  node: string;
  kind: "images" | "video" | "audio" | "other";
}

export interface Job {
  id: string;
  status: JobStatus;
  /** Place in the queue; smaller ones run first. */
  number: number;
  /** The document it came from, where the client said so. */
  paper: { id: string; name: string } | null;
  client: string | null;
  created: number;
  started: number | null;
  ended: number | null;
  /** What went wrong, and at which node. */
  error: { text: string; node: string | null } | null;
  made: Made[];
}

export interface Page {
  jobs: Job[];
  total: number;
}

const words = (value: Json | undefined): string | null => (typeof value === "string" ? value : null);
const count = (value: Json | undefined): number | null => (typeof value === "number" ? value : null);
const MOVING = /\.(webm|mp4|mkv|mov|m4v)$/i;

export class JobList {
  constructor(private readonly client: Client) {}

  /** What runs and waits, in the order in which it will run. */
  async queue(): Promise<Job[]> {
    const { jobs } = await this.page("status=in_progress,pending&limit=200&sort_order=asc");
    const rank = (job: Job): number => (job.status === "in_progress" ? -Infinity : job.number);
    return jobs.sort((a, b) => rank(a) - rank(b) || a.created - b.created);
  }

  /** The last jobs that went wrong. */
  async failed(limit: number): Promise<Job[]> {
    return (await this.page(`status=failed&limit=${String(limit)}`)).jobs;
  }

  /** Ended jobs with what they made, newest first. */
  results(offset: number, limit: number, search: string, paper: string): Promise<Page> {
    const query = new URLSearchParams({ status: "completed", x_outputs: "true", offset: String(offset), limit: String(limit) });
    if (search) query.set("search", search);
    if (paper) query.set("x_paper", paper);
    return this.page(query.toString());
  }

  /** The workflow and the prompt that a job was queued with. */
  async source(id: string): Promise<{ workflow: Json; prompt: Json }> {
    const answer = await this.client.json(`jobs/${encodeURIComponent(id)}`);
    const held = isObject(answer) && isObject(answer["workflow"]) ? answer["workflow"] : {};
    const extra = isObject(held["extra_data"]) ? held["extra_data"] : {};
    const info = isObject(extra["extra_pnginfo"]) ? extra["extra_pnginfo"] : {};
    return { workflow: info["workflow"] ?? null, prompt: held["prompt"] ?? null };
  }

  async move(id: string, number: number): Promise<void> {
    await this.client.json(`x/jobs/${encodeURIComponent(id)}/move`, "POST", { number });
  }

  async cancel(ids: readonly string[]): Promise<void> {
    await this.client.json("jobs/cancel", "POST", { job_ids: [...ids] });
  }

  /** Queue the same work again; returns the new job's id. */
  async retry(id: string): Promise<string> {
    const answer = await this.client.json(`x/jobs/${encodeURIComponent(id)}/retry`, "POST", {});
    return (isObject(answer) ? words(answer["prompt_id"]) : null) ?? "";
  }

  /** Forget ended jobs; their files stay in the output folder. */
  async forget(ids: readonly string[]): Promise<void> {
    await this.client.json("history", "POST", { delete: [...ids] });
  }

  async paused(): Promise<boolean> {
    const answer = await this.client.json("x/queue");
    return isObject(answer) && answer["paused"] === true;
  }

  async pause(on: boolean): Promise<void> {
    await this.client.json(`x/queue/${on ? "pause" : "resume"}`, "POST", {});
  }

  private async page(query: string): Promise<Page> {
    const answer = await this.client.json(`jobs?${query}`);
    const body = isObject(answer) ? answer : {};
    const list = Array.isArray(body["jobs"]) ? body["jobs"] : [];
    const pagination = isObject(body["pagination"]) ? body["pagination"] : {};
    return { jobs: list.filter(isObject).map(readJob), total: count(pagination["total"]) ?? list.length };
  }
}

/** A job as the server lists it. */
export function readJob(entry: JsonObject): Job {
  const paper = isObject(entry["x_paper"]) ? entry["x_paper"] : null;
  const error = isObject(entry["execution_error"]) ? entry["execution_error"] : null;
  const outputs = Array.isArray(entry["x_outputs"]) ? entry["x_outputs"] : [];
  return {
    id: words(entry["id"]) ?? "",
    status: (words(entry["status"]) ?? "pending") as JobStatus,
    number: count(entry["priority"]) ?? 0,
    paper: paper && { id: words(paper["id"]) ?? "", name: words(paper["name"]) ?? "" },
    client: words(entry["x_client"]),
    created: count(entry["create_time"]) ?? 0,
    started: count(entry["execution_start_time"]),
    ended: count(entry["execution_end_time"]),
    error: error && { text: words(error["exception_message"]) ?? t("It failed without a message."), node: words(error["node_id"]) },
    made: outputs.filter(isObject).flatMap((file) => readMade(file) ?? []),
  };
}

function readMade(file: JsonObject): Made | null {
  const filename = words(file["filename"]);
  if (filename === null) return null;
  const said = words(file["mediaType"]);
  const kind = said === "audio" ? "audio" : said === "video" || MOVING.test(filename) ? "video" : said === "images" ? "images" : "other";
  return { filename, subfolder: words(file["subfolder"]) ?? "", type: words(file["type"]) ?? "output", node: words(file["nodeId"]) ?? "", kind };
}

/** The number that puts a job at a place among those that wait. */
export function numberAt(waiting: readonly Job[], moved: Job, to: number): number {
  const others = waiting.filter((job) => job.id !== moved.id);
  const [before, after] = [others[to - 1], others[to]];
  if (!before) return (after?.number ?? 0) - 1;
  return after ? (before.number + after.number) / 2 : before.number + 1;
}
