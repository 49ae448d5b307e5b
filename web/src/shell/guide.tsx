/** The guide to the canvas, as it stands in docs/canvas.md: Markdown drawn as elements, never as HTML. */
import type { ComponentChildren, JSX } from "preact";
import { t } from "../i18n";
import { Frame } from "./dialogs";
import page from "../../../docs/canvas.md?raw";
import "./about.css";

/** What is for those who build it comes last, and pictures are not in the page. */
const text = page.split("\n## For tests")[0] ?? page;

type Block = { kind: "heading"; text: string; depth: number } | { kind: "code"; text: string } | { kind: "text"; text: string } | { kind: "list"; numbered: boolean; items: string[] } | { kind: "table"; rows: string[][] };

/** Blocks are parted by empty lines. */
export function blocksOf(source: string): Block[] {
  return source.split(/\n{2,}/).flatMap((part) => blockOf(part.trim()) ?? []);
}

function blockOf(part: string): Block | null {
  if (part === "" || part.startsWith("![") || part.startsWith("<")) return null;
  const heading = /^(#{1,4}) (.*)$/.exec(part);
  if (heading) return { kind: "heading", text: heading[2] ?? "", depth: heading[1]?.length ?? 1 };
  if (part.startsWith("```")) return { kind: "code", text: part.replace(/^```.*\n|\n```$/g, "") };
  if (part.startsWith("|")) return { kind: "table", rows: part.split("\n").filter((row) => !/^\|[-| :]+$/.test(row)).map(cells) };
  const item = /^(?:- |\d+\. )/;
  if (item.test(part)) return { kind: "list", numbered: !part.startsWith("-"), items: part.split(/\n(?=- |\d+\. )/).map((line) => line.replace(item, "")) };
  return { kind: "text", text: part };
}

const cells = (row: string): string[] => row.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());

/** Bold, code and the text of links. */
function Inline({ text: source }: { text: string }): JSX.Element {
  const parts = source.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").split(/(\*\*[^*]+\*\*|`[^`]+`|\*[^*\s][^*]*\*)/);
  return <>{parts.map((part, i) => inline(part, i))}</>;
}

function inline(part: string, key: number): ComponentChildren {
  if (part.startsWith("**")) return <strong key={key}>{part.slice(2, -2)}</strong>;
  if (part.startsWith("`")) return <code key={key}>{part.slice(1, -1)}</code>;
  if (part.length > 2 && part.startsWith("*")) return <em key={key}>{part.slice(1, -1)}</em>;
  return part;
}

function Shown({ block }: { block: Block }): JSX.Element {
  if (block.kind === "heading") return block.depth > 2 ? <h3>{block.text}</h3> : <h2>{block.text}</h2>;
  if (block.kind === "code") return <pre>{block.text}</pre>;
  if (block.kind === "text") return <p><Inline text={block.text} /></p>;
  if (block.kind === "table") return <Table rows={block.rows} />;
  const items = block.items.map((item, i) => <li key={i}><Inline text={item} /></li>);
  return block.numbered ? <ol>{items}</ol> : <ul>{items}</ul>;
}

function Table({ rows: [head = [], ...rows] }: { rows: string[][] }): JSX.Element {
  return (
    <table>
      <thead><tr>{head.map((cell, i) => <th key={i}><Inline text={cell} /></th>)}</tr></thead>
      <tbody>{rows.map((row, i) => <tr key={i}>{row.map((cell, j) => <td key={j}><Inline text={cell} /></td>)}</tr>)}</tbody>
    </table>
  );
}

export function GuideDialog(): JSX.Element {
  return (
    <Frame title={t("Guide")} wide>
      <article class="guide" lang="en" tabIndex={0} aria-label={t("Guide")}>
        {blocksOf(text).slice(1).map((block, i) => <Shown key={i} block={block} />)}
      </article>
    </Frame>
  );
}
