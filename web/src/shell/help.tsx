/** Help for a node: what the server has as Markdown, drawn as elements; never as HTML. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { language, t } from "../i18n";
import { type MarkdownLine, markdownLines } from "../widgets/markdown";
import type { App } from "./app";
import { ui } from "./ui";

export function Help({ app }: { app: App }): JSX.Element {
  const text = useSignal<string | null>(null);
  const type = ui.help.value;
  useEffect(() => followSelection(app), []);
  useEffect(() => {
    let wanted = true;
    if (type !== null) void helpText(app, type).then((found) => {
      if (wanted) text.value = found;
    });
    return () => {
      wanted = false;
    };
  }, [type]);
  const spec = type === null ? undefined : app.scene.specs.get(type);
  if (!spec) return <p class="empty">{t("Select a node to read about it.")}</p>;
  return (
    <article class="help" tabIndex={0} aria-label={t("Help for {title}", { title: spec.title })}>
      <p class="help-type">{spec.type} · {spec.category}</p>
      {text.value === null ? <p>{t(spec.description)}</p> : markdownLines(text.value).map((line, i) => <Line key={i} line={line} />)}
    </article>
  );
}

/** Show what is selected, now and later; the canvas does not tell, so look after each gesture. */
function followSelection(app: App): () => void {
  const look = (): void => {
    const [key, ...more] = app.workspace.selected();
    const node = key === undefined || more.length > 0 ? undefined : app.scene.doc.node(key);
    if (node) ui.help.value = node.type;
  };
  if (ui.help.value === null) look();
  const { host } = app.renderer;
  const later = (): void => {
    setTimeout(look);
  };
  host.addEventListener("pointerup", later);
  host.addEventListener("keyup", later);
  return () => {
    host.removeEventListener("pointerup", later);
    host.removeEventListener("keyup", later);
  };
}

/** The page in the user's language, which the server answers with another where it has none. */
async function helpText(app: App, type: string): Promise<string | null> {
  const answer = await fetch(app.client.url(`docs/${encodeURIComponent(type)}/${language()}.md`)).catch(() => null);
  return answer?.ok ? answer.text() : null;
}

function Line({ line }: { line: MarkdownLine }): JSX.Element | null {
  const { style, text, depth } = line;
  if (style === "rule") return <hr />;
  if (style === "heading") return <h3>{text}</h3>;
  if (style === "code") return <pre>{text}</pre>;
  if (style === "quote") return <blockquote>{text}</blockquote>;
  if (text.trim() === "") return null;
  return <p class={style} style={{ paddingLeft: `${String(depth * 14)}px` }}>{text}</p>;
}
