import { afterEach, describe, expect, it, vi } from "vitest";
import { leftOut, type NodeUpdate, readNodeErrors, Runs } from "../src/net/runs";
import { EventSocket, readPreview } from "../src/net/socket";

describe("the run store", () => {
  function recorder() {
    const log: string[] = [];
    const state = new Map<string, NodeUpdate>();
    const runs = new Runs({
      update: (node, change) => state.set(node, { ...state.get(node), ...change }),
      queue: (count) => log.push(`queue ${String(count)}`),
      notice: (text) => log.push(`notice ${text}`),
      started: (id) => log.push(`started ${id}`),
      progress: () => undefined,
      ended: (id, how, message) => log.push(`${how} ${id} ${message}`.trim()),
    });
    return { runs, log, state };
  }

  it("follows a job from start to picture", () => {
    const { runs, log, state } = recorder();
    runs.queued("p", ["1", "2", "3"]);
    runs.event("status", { status: { exec_info: { queue_remaining: 1 } } });
    runs.event("execution_start", { prompt_id: "p" });
    expect(state.get("3")?.state).toBe("pending");
    runs.event("execution_cached", { prompt_id: "p", nodes: ["1"] });
    runs.event("executing", { prompt_id: "p", node: "2", display_node: "2" });
    runs.event("progress", { prompt_id: "p", node: "2", value: 3, max: 20 });
    expect(state.get("2")).toMatchObject({ state: "running", progress: { value: 3, max: 20 } });
    runs.event("executing", { prompt_id: "p", node: "3", display_node: "3" });
    expect(state.get("2")?.state).toBe("done");
    runs.event("executed", { prompt_id: "p", node: "3", display_node: "3", output: { images: [{ filename: "a.png", subfolder: "", type: "output" }] } });
    runs.event("execution_success", { prompt_id: "p" });
    runs.event("executing", { prompt_id: "p", node: null });
    expect(state.get("1")?.state).toBe("cached");
    expect(state.get("3")).toMatchObject({ state: "done", images: [{ filename: "a.png" }] });
    expect(log).toEqual(["queue 1", "started p", "success p"]);
    expect(runs.running).toBeNull();
  });

  it("lets nodes run side by side, and never wakes one that is finished", () => {
    const { runs, state } = recorder();
    const detail = (nodes: Record<string, string>): void => {
      const entries = Object.entries(nodes).map(([id, s]) => [id, { state: s, value: 0, max: 1, display_node_id: id }]);
      runs.event("progress_state", { prompt_id: "p", nodes: Object.fromEntries(entries) as never });
    };
    runs.queued("p", ["1", "2"]);
    detail({ "1": "running" });
    runs.event("executing", { prompt_id: "p", node: "1" });
    runs.event("executing", { prompt_id: "p", node: "2" });
    expect(state.get("1")?.state).toBe("running");
    detail({ "1": "finished", "2": "running" });
    detail({ "1": "running", "2": "running" });
    expect(state.get("1")?.state).toBe("done");
    expect(state.get("2")?.state).toBe("running");
  });

  it("keeps what is wrong with nodes that a run goes without", () => {
    const { runs, state } = recorder();
    runs.queued("p", ["1", "2", "3", "4"]);
    const wrong = leftOut({ node_errors: { "3": { errors: [], dependent_outputs: ["4"], class_type: "X" } } });
    runs.partly("p", wrong);
    runs.event("execution_start", { prompt_id: "p" });
    runs.event("execution_success", { prompt_id: "p" });
    expect([...state.keys()]).toEqual(["1", "2"]);
    expect(leftOut({}).size).toBe(0);
  });

  it("ignores jobs of others, and puts an interrupted job's nodes back", () => {
    const { runs, log, state } = recorder();
    runs.queued("p", ["1", "2"]);
    runs.event("executing", { prompt_id: "q", node: "1" });
    expect(state.size).toBe(0);
    runs.event("executing", { prompt_id: "p", node: "1" });
    runs.event("execution_interrupted", { prompt_id: "p", node_id: "1" });
    expect(state.get("1")?.state).toBe("idle");
    expect(log).toEqual(["started p", "interrupted p"]);
  });

  it("tells what failed and where", () => {
    const { runs, log, state } = recorder();
    runs.queued("p", ["1", "2"]);
    runs.event("executing", { prompt_id: "p", node: "2" });
    runs.event("execution_error", { prompt_id: "p", node_id: "2", exception_message: "out of memory", exception_type: "OOM" });
    expect(state.get("2")).toMatchObject({ state: "error", errors: [{ input: null, text: "out of memory (OOM)" }] });
    expect(state.get("1")?.state).toBe("idle");
    expect(log.at(-1)).toBe("error p out of memory");
  });

  it("follows two jobs at once, each with nodes of its own", () => {
    const seen: string[] = [];
    const runs = new Runs({
      update: (node, change, prompt) => change.state === "running" && seen.push(`${prompt} ${node}`),
      queue: () => undefined,
      notice: () => undefined,
      started: (id) => seen.push(`started ${id}`),
      progress: () => undefined,
      ended: (id) => seen.push(`ended ${id}`),
    });
    runs.adopt(["p"], ["1"]);
    runs.queued("q", ["1"]);
    runs.event("executing", { prompt_id: "p", node: "1" });
    runs.event("executing", { prompt_id: "q", node: "1" });
    expect(runs.running).toBe("q");
    runs.event("execution_success", { prompt_id: "q" });
    expect(runs.running).toBe("p");
    expect(runs.nodeOf("p")).toBe("1");
    runs.event("execution_success", { prompt_id: "p" });
    expect(seen).toEqual(["started p", "p 1", "started q", "q 1", "ended q", "ended p"]);
    expect(runs.running).toBeNull();
  });

  it("passes on what the run survived", () => {
    const { runs, log } = recorder();
    runs.queued("p", ["1"]);
    runs.event("x_notice", { prompt_id: "p", node: "1", text: "Memory ran out." });
    expect(log.at(-1)).toBe("notice Memory ran out.");
  });

  it("reads the errors of a refused prompt", () => {
    const found = readNodeErrors({
      node_errors: { "12:3": { class_type: "X", errors: [{ type: "required_input_missing", message: "Required input is missing", details: "clip", extra_info: { input_name: "clip" } }] } },
    });
    expect(found.get("12:3")).toEqual([{ input: "clip", text: "Required input is missing: clip" }]);
  });
});

describe("binary frames", () => {
  it("reads both kinds of previews and leaves the others", async () => {
    const frame = (kind: number, ...parts: (number | Uint8Array)[]): ArrayBuffer => {
      const bytes = [kind, ...parts].flatMap((part) => {
        if (typeof part !== "number") return [...part];
        return [part >>> 24, (part >>> 16) & 255, (part >>> 8) & 255, part & 255];
      });
      return new Uint8Array(bytes).buffer;
    };
    const plain = readPreview(frame(1, 2, new Uint8Array([9, 8])));
    expect(plain?.blob.type).toBe("image/png");
    expect(await plain?.blob.arrayBuffer()).toEqual(new Uint8Array([9, 8]).buffer);
    const json = new TextEncoder().encode(JSON.stringify({ node_id: "4.0.1", display_node_id: "4", prompt_id: "p", image_type: "image/jpeg" }));
    const rich = readPreview(frame(4, json.length, json, new Uint8Array([7])));
    expect(rich).toMatchObject({ node: "4", prompt: "p" });
    expect(rich?.blob.size).toBe(1);
    expect(readPreview(frame(3, 0, 0))).toBeNull();
  });
});

describe("the event socket", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });

  it("asks for what came behind the last number when it opens again", () => {
    const opened: FakeSocket[] = [];
    class FakeSocket {
      binaryType = "";
      onopen = (): void => undefined;
      onmessage: (message: { data: string }) => void = vi.fn();
      onclose = (): void => undefined;
      send = vi.fn();
      close = vi.fn();
      constructor(readonly url: string) {
        opened.push(this);
      }
    }
    vi.stubGlobal("WebSocket", FakeSocket);
    vi.useFakeTimers();
    const heard: string[] = [];
    new EventSocket("ws://x/ws?clientId=a", {
      event: (type) => heard.push(type),
      preview: () => undefined,
      state: () => undefined,
    });
    const [first] = opened;
    first?.onopen();
    for (const seq of [7, 9, 8]) first?.onmessage({ data: JSON.stringify({ type: `e${String(seq)}`, data: {}, seq }) });
    first?.onclose();
    vi.advanceTimersByTime(1000);
    expect(opened.map((socket) => socket.url)).toEqual(["ws://x/ws?clientId=a", "ws://x/ws?clientId=a&after=9"]);
    expect(heard).toEqual(["e7", "e9", "e8"]);
  });
});
