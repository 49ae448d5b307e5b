/** Changed keys: what holds, what swaps, and what is never given. */
import { beforeEach, describe, expect, it } from "vitest";
import { give, readBindings, refusal, reset, take } from "../src/input/bindings";
import { type Command, Commands } from "../src/input/commands";
import { comboOf, readableCombo } from "../src/input/keymap";

const command = (id: string, keys?: string): Command => ({ id, title: id, group: "Edit", run: () => undefined, ...(keys ? { keys } : {}) });
let commands: Commands;
const keys = (): Record<string, string | undefined> => Object.fromEntries(commands.all().map((one) => [one.id, one.keys]));

beforeEach(() => {
  commands = new Commands();
  commands.add(command("cut", "Mod+B Alt+B"), command("mute", "Mod+M"), command("plain"));
});

describe("keys of commands", () => {
  it("swap with the command that had them", () => {
    commands.bind(give(commands, "cut", "Mod+M", "Mod+B"));
    expect(keys()).toEqual({ cut: "Mod+M Alt+B", mute: "Mod+B", plain: undefined });
    commands.bind(give(commands, "cut", "Mod+B", "Mod+M"));
    expect(commands.bindings).toEqual({});
  });

  it("are taken over where nothing is given up", () => {
    commands.bind(give(commands, "plain", "Mod+M", null));
    expect(keys()).toEqual({ cut: "Mod+B Alt+B", mute: undefined, plain: "Mod+M" });
    commands.bind(reset(commands, "mute"));
    expect(keys()).toEqual({ cut: "Mod+B Alt+B", mute: "Mod+M", plain: undefined });
  });

  it("can all be taken away, and hold for commands that come later", () => {
    commands.bind({ ...take(commands, "mute", "Mod+M"), later: "L" });
    commands.add(command("later", "Mod+L"));
    expect(keys()).toMatchObject({ mute: undefined, later: "L" });
    commands.bind({});
    expect(keys()).toMatchObject({ mute: "Mod+M", later: "Mod+L" });
  });

  it("are read from what was stored, whatever that is", () => {
    expect(readBindings('{"run": "R", "bad": 3}')).toEqual({ run: "R" });
    expect(readBindings("[")).toEqual({});
  });

  it("do not include those of the browser and of the clipboard", () => {
    expect(refusal("Mod+C")).toContain("Copy");
    expect(refusal("Mod+W")).not.toBeNull();
    expect(refusal("Mod+Shift+B")).toBeNull();
  });

  it("read as they are pressed", () => {
    const event = { key: "!", code: "Digit1", shiftKey: true, ctrlKey: true } as KeyboardEvent;
    expect(comboOf(event)).toBe("Mod+Shift+1");
    expect(readableCombo("Mod++")).toBe("Ctrl +");
  });
});
