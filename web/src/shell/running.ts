/** Running: sends prompts, follows their events, and shows on the nodes what came of it. */
import { t } from "../i18n";
import { type Mark, NO_MARK } from "../canvas/scene";
import { advanceControls } from "../model/actions";
import { isObject, type Json, type JsonObject } from "../model/json";
import { levelsOf } from "../model/levels";
import type { Op } from "../model/patch";
import { buildPrompt, titleOf } from "../model/prompt";
import type { Document } from "../model/document";
import type { Specs } from "../model/schema";
import { type Key, keyOf, Mode, modeOf, type RawNode } from "../model/workflow";
import { ServerError } from "../net/client";
import { type JobEnd, leftOut, type NodeUpdate, readNodeErrors, Runs, shownBy } from "../net/runs";
import { EventSocket, type Preview } from "../net/socket";
import type { App } from "./app";
import { mayRun } from "./consent";
import { uuid } from "./identity";
import { showIcon } from "./favicon";
import { nodeKeys, type Session } from "./papers";
import { speakAloud } from "./speaker";
import { sentenceOf, toast, ui } from "./ui";

/** Jobs remembered per document, to find their pictures again after a reload. */
const KEPT_JOBS = 12;
const TITLE_MS = 1000;
/** Fields of a node that change what it does; moving it does not. */
const MEANING = new Set(["inputs", "outputs", "widgets_values", "mode"]);

export class Running {
  private readonly runs: Runs;
  private socket: EventSocket | null = null;
  /** Others who want to hear every event, such as the log. */
  readonly hearers = new Set<(type: string, data: JsonObject) => void>();
  /** Who wants every preview picture. */
  readonly watchers = new Set<(picture: Blob) => void>();
  private decoding = false;
  private nextPreview: Preview | null = null;
  private titleTimer = 0;
  /** Who asked for a job; its results go there, whatever is shown. */
  private readonly owners = new Map<string, Session>();

  constructor(private readonly app: App) {
    this.runs = new Runs({
      update: (node, change, prompt) => {
        this.update(node, change, prompt);
      },
      queue: (count) => {
        ui.queueCount.value = count;
      },
      started: (prompt) => {
        speakAloud(t("The run of {name} has started.", { name: this.owners.get(prompt)?.meta.name ?? "" }));
        this.progress(prompt, 0);
      },
      progress: (prompt, fraction) => {
        this.progress(prompt, fraction);
      },
      notice: (text) => {
        toast(text);
      },
      ended: (prompt, how, message) => {
        this.ended(prompt, how, message);
      },
    });
  }

  /** A node pack was loaded anew, or failed to be. */
  private nodesChanged(data: JsonObject): void {
    const pack = String(data["pack"]);
    const lines = String(data["error"]).trim().split("\n");
    const why = lines[lines.length - 1] ?? "";
    if (why) toast(t("Node pack {pack} failed to load: {why}", { pack, why }), "error");
    else toast(t("Node pack {pack} was loaded anew: {nodes} nodes", { pack, nodes: String(Array.isArray(data["nodes"]) ? data["nodes"].length : 0) }));
    void this.app.loadSpecs();
  }

  connect(): void {
    let known = false;
    this.socket = new EventSocket(this.app.client.socketUrl(this.app.tab), {
      event: (type, data) => {
        this.runs.event(type, data);
        if (type === "nodes_changed") this.nodesChanged(data);
        for (const hear of this.hearers) hear(type, data);
      },
      preview: (preview) => {
        this.preview(preview);
      },
      state: (open) => {
        ui.connected.value = open;
        // After an outage the server may be another one, and jobs may have ended meanwhile.
        if (open && known) void this.returned();
        known ||= open;
      },
    });
    addEventListener("online", () => this.socket?.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.socket?.hurry();
    });
  }

  /** The connection is back: the server may be another one, and jobs may have ended meanwhile. */
  private async returned(): Promise<void> {
    const { papers, session } = this.app;
    for (const other of papers.open) other.settled = false;
    this.app.saving.retry();
    await Promise.all([this.app.loadSpecs(), this.restore(session)]);
  }

  /** Queue the open document. `front` puts it before what waits; `targets` are the only outputs wanted. */
  async run(front = false, targets: readonly Key[] = []): Promise<void> {
    for (let left = ui.runCount.value; left > 0; left--) if (!(await this.runOnce(front, targets))) return;
  }

  /** True if the server took it. */
  private async runOnce(front: boolean, targets: readonly Key[]): Promise<boolean> {
    const { app } = this;
    app.workspace.closeEditor();
    const { session } = app;
    if (!this.checkTypes()) return false;
    const made = await app.visitors?.prompt();
    const prompt = made?.prompt ?? (buildPrompt(session.doc, app.scene.specs, Math.random) as unknown as JsonObject);
    if (!(await mayRun(app, prompt))) return false;
    const id = uuid();
    const nodes = Object.keys(prompt);
    this.clearErrors();
    this.queued(session, id, nodes);
    try {
      const body: JsonObject = {
        client_id: app.tab,
        prompt_id: id,
        prompt,
        extra_data: {
          extra_pnginfo: { workflow: made?.workflow ?? session.doc.raw },
          x_paper: { id: session.id, name: session.meta.name, revision: session.doc.revision },
        },
        ...(front ? { front: true } : {}),
        ...(targets.length > 0 ? { partial_execution_targets: [...targets] } : {}),
      };
      const answer = await (app.visitors ?? app.client).queuePrompt(body);
      this.accepted(session, answer, id, nodes);
      return true;
    } catch (error) {
      this.runs.refused(id);
      this.refused(error);
      return false;
    }
  }

  private queued(session: Session, id: string, nodes: readonly Key[]): void {
    this.owners.set(id, session);
    this.runs.queued(id, nodes);
  }

  private accepted(session: Session, answer: JsonObject, id: string, nodes: readonly Key[]): void {
    const given = typeof answer["prompt_id"] === "string" ? answer["prompt_id"] : id;
    if (given !== id) this.queued(session, given, nodes);
    this.app.remember({ jobs: [...session.meta.jobs, given].slice(-KEPT_JOBS) }, session);
    advanceControls(session.doc, this.app.scene.specs, Math.random);
    this.runs.partly(given, leftOut(answer));
    this.showErrors(answer);
  }

  /** Say why the server did not take a run. */
  refused(error: unknown): void {
    const found = error instanceof ServerError ? this.showErrors(error.body) : 0;
    if (found === 0) toast(sentenceOf(error), "error");
    else toast(found > 1 ? t("{n} problems keep this from running.", { n: found }) : t("One problem keeps this from running."), "error");
  }

  /** Node types this server lacks would make it refuse everything: say which, on the nodes. */
  private checkTypes(): boolean {
    const { scene, session } = this.app;
    const missing = unknownNodes(session.doc, scene.specs);
    for (const { id, node } of missing) {
      scene.setMark(id, { errors: [{ input: null, text: whyMissing(node) }] });
    }
    if (missing.length === 0) return true;
    toast(t("Nodes of an unknown type: {n}.", { n: missing.length }), "error", { label: t("Find replacements…"), run: () => {
      ui.dialog.value = "missing";
    } });
    this.listProblems(true);
    return false;
  }

  async interrupt(): Promise<void> {
    await this.app.client.interrupt(this.ownRun() ?? this.runs.running).catch((error: unknown) => {
      toast(sentenceOf(error), "error");
    });
  }

  /** The running job of the document on the canvas. */
  private ownRun(): string | null {
    return this.app.session.meta.jobs.findLast((job) => this.runs.isRunning(job)) ?? null;
  }

  /** The open document that asked for a job. */
  ownerOf(job: string): Session | undefined {
    const owner = this.owners.get(job);
    return owner && this.app.papers.find(owner.id);
  }

  /** A job that was queued elsewhere is this document's. */
  own(session: Session, job: string): void {
    this.queued(session, job, nodeKeys(session.doc));
    this.app.remember({ jobs: [...session.meta.jobs, job].slice(-KEPT_JOBS) }, session);
  }

  /** The title of the node that a job is at; null for jobs of others. */
  nodeTitle(job: string): string | null {
    const node = this.runs.nodeOf(job);
    const raw = node === null ? undefined : this.ownerOf(job)?.doc.node(outermost(node));
    return raw ? (raw.title ?? this.app.scene.specs.get(raw.type)?.title ?? raw.type) : null;
  }

  /** A document was opened: its jobs are ours again. */
  adopt(session: Session): void {
    for (const job of session.meta.jobs) this.owners.set(job, session);
    this.runs.adopt(session.meta.jobs, nodeKeys(session.doc));
  }

  /** Another document is on the canvas; what its jobs left is fetched the first time. */
  show(session: Session): void {
    ui.running.value = session.progress !== null;
    ui.progress.value = session.progress ?? 0;
    this.listProblems(false);
    if (!session.settled) void this.restore(session);
  }

  private progress(prompt: string, fraction: number | null): void {
    const session = this.owners.get(prompt);
    if (!session) return;
    session.progress = fraction;
    this.app.papers.touch();
    this.showTitle();
    if (session !== this.app.session) return;
    ui.running.value = fraction !== null;
    ui.progress.value = fraction ?? 0;
  }

  /** Results of earlier jobs from the server's history; the newest one that has them wins. */
  private async restore(session: Session): Promise<void> {
    session.settled = true;
    const seen = new Set<Key>();
    const newest = session.meta.jobs.at(-1);
    for (const job of [...session.meta.jobs].reverse()) {
      const entry = await this.app.client.historyOf(job).catch(() => null);
      if (entry && (job === newest || this.runs.isRunning(job))) this.settle(job, entry);
      const outputs = entry && isObject(entry["outputs"]) ? entry["outputs"] : {};
      for (const [key, output] of Object.entries(outputs)) {
        const shown = output === undefined ? {} : shownBy(output);
        if (seen.has(key) || !(shown.images?.length || shown.texts?.length || shown.media?.length || shown.versus)) continue;
        seen.add(key);
        this.update(key, { state: "done", ...shown }, job);
      }
    }
  }

  /** A job ended while this page was away: say so as its last event would have. */
  private settle(job: string, entry: JsonObject): void {
    const status = isObject(entry["status"]) ? entry["status"] : {};
    const messages = Array.isArray(status["messages"]) ? status["messages"] : [];
    const last = messages.at(-1);
    const [type, data] = Array.isArray(last) ? last : [];
    const failed = type === "execution_error" && isObject(data);
    if (failed) this.runs.event(type, { ...data, prompt_id: job });
    else if (this.runs.isRunning(job)) {
      this.runs.event(status["status_str"] === "success" ? "execution_success" : "execution_interrupted", { prompt_id: job });
    }
  }

  private update(node: Key, change: NodeUpdate, prompt: string): void {
    const session = this.owners.get(prompt);
    if (!session?.doc.node(outermost(node))) return;
    const old = session.marks.get(node) ?? NO_MARK;
    const mark: Partial<Mark> = {};
    if (change.state) mark.state = change.state;
    if (change.progress !== undefined) mark.progress = change.progress;
    if (change.errors) mark.errors = change.errors;
    if (change.images) mark.images = change.images.map((ref) => this.app.client.viewUrl(ref, prompt));
    if (change.media) mark.media = change.media.map(({ kind, ref }) => ({ kind, url: this.app.client.viewUrl(ref, prompt) }));
    if (change.versus !== undefined) mark.versus = change.versus && [this.app.client.viewUrl(change.versus[0], prompt), this.app.client.viewUrl(change.versus[1], prompt)];
    if (change.ms !== undefined) mark.ms = change.ms;
    if (change.texts) mark.texts = change.texts;
    if (change.dropLive && old.live) mark.live = null;
    this.mark(session, node, mark);
    if (change.errors && session === this.app.session) this.listProblems(change.errors.length > 0);
  }

  private mark(session: Session, node: Key, part: Partial<Mark>): void {
    if (session === this.app.session) this.app.scene.setMark(node, part);
    else session.marks.set(node, { ...(session.marks.get(node) ?? NO_MARK), ...part });
  }

  /** Only the newest preview is decoded; those that came meanwhile are skipped. */
  private preview(preview: Preview): void {
    this.nextPreview = preview;
    for (const watch of this.watchers) watch(preview.blob);
    if (!this.decoding && !document.hidden) void this.decode();
  }

  private async decode(): Promise<void> {
    this.decoding = true;
    for (let next = this.nextPreview; next; next = this.nextPreview) {
      this.nextPreview = null;
      const prompt = next.prompt ?? this.runs.running ?? "";
      const node = next.node?.split(".")[0] ?? this.runs.nodeOf(prompt);
      // A document in the background shows its previews when it is looked at again.
      if (node == null || this.owners.get(prompt) !== this.app.session) continue;
      const live = await createImageBitmap(next.blob).catch(() => null);
      if (!live || this.owners.get(prompt) !== this.app.session || !this.app.session.doc.node(outermost(node))) continue;
      const old = this.app.scene.markOf(node).live;
      this.app.scene.setMark(node, { live });
      old?.close();
    }
    this.decoding = false;
  }

  private ended(prompt: string, how: JobEnd, message: string): void {
    this.progress(prompt, null);
    const session = this.owners.get(prompt);
    const other = session === this.app.session ? null : (session?.meta.name ?? t("a closed workflow"));
    if (how === "error") {
      toast(other === null ? t("The run failed: {message}", { message }) : t("The run of {name} failed: {message}", { name: other, message }), "error");
      if (other === null) this.listProblems(true);
    } else if (how === "interrupted") toast(other === null ? t("Stopped.") : t("Stopped the run of {name}.", { name: other }));
    if (how === "success" && session) speakAloud(finished(session));
    ui.endedJobs.value++;
  }

  private clearErrors(): void {
    const { scene } = this.app;
    for (const key of scene.markedKeys()) {
      if (scene.markOf(key).errors.length === 0) continue;
      scene.setMark(key, { errors: [], state: "idle" });
    }
    this.listProblems(false);
  }

  /** What was wrong with a node may be right after an edit; the next run tells. */
  forget(session: Session, ops: readonly Op[]): void {
    const { scene } = this.app;
    if (session !== this.app.session) return;
    const meant = ops.filter((op) => op.path[0] === "nodes" && MEANING.has(String(op.path[2])));
    const keys = new Set(meant.flatMap((op) => this.app.session.doc.raw.nodes[Number(op.path[1])]?.id ?? []).map(keyOf));
    const wrong = [...keys].filter((key) => scene.markOf(key).errors.length > 0);
    for (const key of wrong) scene.setMark(key, { errors: [], state: "idle" });
    if (wrong.length > 0) this.listProblems(false);
  }

  /** Put the errors of an answer on their nodes; returns how many there are. */
  private showErrors(body: Json): number {
    const found = readNodeErrors(body);
    for (const [key, errors] of found) this.app.scene.setMark(key, { errors });
    if (found.size > 0) this.listProblems(true);
    return [...found.values()].flat().length;
  }

  private listProblems(open: boolean): void {
    const { scene } = this.app;
    scene.refresh();
    ui.problems.value = scene.markedKeys().flatMap((key) =>
      scene.markOf(key).errors.map(({ text }) => ({ node: key, title: this.titleOf(key), text })),
    );
    if (open && ui.problems.value.length > 0) ui.panel.value = "problems";
  }

  private titleOf(id: Key): string {
    const { scene, session } = this.app;
    const cut = id.lastIndexOf(":") + 1;
    const node = levelsOf(session.doc).get(id.slice(0, cut))?.doc.node(id.slice(cut));
    return node ? titleOf(node, scene.specs) : t("Node {id}", { id });
  }

  /** The page's title and icon tell the progress, so that another tab can be looked at meanwhile. */
  showTitle(): void {
    if (this.titleTimer) return;
    this.titleTimer = window.setTimeout(() => {
      this.titleTimer = 0;
      const shares = this.app.papers.open.flatMap((session) => session.progress ?? []);
      const share = this.app.session.progress ?? shares[0] ?? null;
      const percent = share === null ? "" : `${String(Math.round(share * 100))} % · `;
      document.title = `${percent}${ui.name.value} · Latent Loom`;
      showIcon(share);
    }, TITLE_MS);
  }
}

/** What a run came to, in words. */
function finished({ meta, marks }: Session): string {
  const pictures = [...marks.values()].reduce((sum, mark) => sum + mark.images.length, 0);
  return t("The run of {name} is finished. Pictures shown: {n}.", { name: meta.name, n: pictures });
}

function whyMissing(node: RawNode): string {
  const known = { type: node.type };
  return t('This server has no node type "{type}". Install the pack it comes from, or mute the node to run the rest.', known);
}

/** Nodes of all levels that would run and that the server does not know, by execution id. */
function unknownNodes(doc: Document, specs: Specs): { id: Key; node: RawNode }[] {
  const off = (node: RawNode): boolean => modeOf(node) === Mode.Mute || modeOf(node) === Mode.Bypass;
  return [...levelsOf(doc).values()].flatMap((level) =>
    level.doc.raw.nodes
      .filter((node) => !specs.has(node.type) && !off(node))
      .map((node) => ({ id: level.path + keyOf(node.id), node })),
  );
}

/** The node of the root that an execution id lies in. */
const outermost = (id: Key): Key => id.split(":")[0] ?? id;
