import { describe, expect, it } from "vitest";
import { markdownLines, plain } from "../src/widgets/markdown";

describe("markdown of notes", () => {
  it("tells headings, lists, quotes, rules and code apart", () => {
    const source = "# Title #\ntext\n- one\n  2. two\n> said\n---\n```\n# code\n```\nend";
    expect(markdownLines(source).map(({ style, text, depth }) => `${style}|${text}|${String(depth)}`)).toEqual([
      "heading|Title|0", "text|text|0", "item|• one|0", "item|2. two|1", "quote|said|0", "rule||0", "code|# code|0", "text|end|0",
    ]);
  });

  it("shows the text of emphasis, code and links, and leaves names alone", () => {
    expect(plain("**bold** and *soft*, `code`, [here](https://x.y)")).toBe("bold and soft, code, here");
    expect(plain("a snake_case_name and 2 * 3 * 4")).toBe("a snake_case_name and 2 * 3 * 4");
    expect(markdownLines("<img src=x onerror=alert(1)>")[0]?.text).toBe("<img src=x onerror=alert(1)>");
  });
});
