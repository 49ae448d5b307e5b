/** docs/canvas.md lists every key of every command, and the whole probe. */
import { describe, expect, it } from "vitest";
import { canvasCommands } from "../src/input/commands";
import type { Workspace } from "../src/input/workspace";
import type { App } from "../src/shell/app";
import { shellCommands } from "../src/shell/shellcommands";
import { fileText } from "./setup";

const page = fileText("../../docs/canvas.md");
// Commands touch the page only when they run.
const commands = [...canvasCommands({} as Workspace), ...shellCommands({} as App)];

describe("docs/canvas.md", () => {
  it.each(commands.filter((command) => command.keys).map((command) => [command.title, command.keys ?? ""]))(
    "has the keys of %s",
    (title, keys) => {
      expect(page).toContain(`| ${keys.split(" ").join(", ")} | ${title} |`);
    },
  );

  it("no two commands share a key", () => {
    const keys = commands.flatMap((command) => command.keys?.split(" ") ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("has every call of the probe", () => {
    const probe = /export interface Probe \{([\s\S]*?)\n\}/.exec(fileText("../src/shell/probe.ts"))?.[1] ?? "";
    const calls = [...probe.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name ?? "");
    expect(calls.length).toBeGreaterThan(6);
    for (const call of calls) expect(page).toContain(`\`${call}(`);
  });
});
