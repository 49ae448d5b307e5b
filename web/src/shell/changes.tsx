/** The panel of what differs from another version: look, jump, take. */
import type { JSX } from "preact";
import { wordOf } from "../canvas/comparison";
import { t } from "../i18n";
import type { Hunk } from "../model/hunks";
import type { App } from "./app";
import { Comparing, isClash } from "./comparing";
import { ui } from "./ui";
import "./changes.css";

export function Changes({ app }: { app: App }): JSX.Element {
  const shown = ui.changes.value;
  const comparing = (app.comparing ??= new Comparing(app));
  if (!shown) {
    return (
      <>
        <p class="empty">{t("Nothing is compared.")}</p>
        <button class="text-button" onClick={() => app.commands.run("compare")}>{t("Compare with…")}</button>
      </>
    );
  }
  const { name, hunks, clashes } = shown;
  return (
    <>
      <p class="changes-with">
        {t("This workflow beside {name}.", { name })}{" "}
        {hunks.length === 0 ? t("Nothing differs.") : t("{n} differences. Taking one makes it here as it is there; Undo gives it back.", { n: hunks.length })}
      </p>
      <div class="changes-acts">
        <button class="text-button" disabled={hunks.length === 0} onClick={() => comparing.take(hunks, "Take all changes")}>{t("Take all")}</button>
        <button class="text-button" onClick={() => comparing.stop()}>{t("Stop comparing")}</button>
      </div>
      <ul class="changes-list" aria-label={t("Differences")}>
        {hunks.map((hunk) => (
          <Line key={hunk.id} comparing={comparing} hunk={hunk} clash={isClash(hunk, clashes)} />
        ))}
      </ul>
    </>
  );
}

function actOf(kind: Hunk["kind"]): string {
  if (kind === "there") return t("Add");
  return kind === "here" ? t("Remove") : t("Take");
}

function Line({ comparing, hunk, clash }: { comparing: Comparing; hunk: Hunk; clash: boolean }): JSX.Element {
  const { kind, title, inside, node, lines } = hunk;
  const act = actOf(kind);
  return (
    <li class={`change ${kind}`}>
      <button class="change-what" onClick={() => comparing.reveal(hunk)}>
        <span class="change-kind">{wordOf(kind)}</span>
        <strong>{title}</strong>
        {node !== null && <span class="job-id">#{node}</span>}
        {inside !== "" && <small>{t("in {name}", { name: inside })}</small>}
        {clash && <small class="change-clash">{t("Both versions changed this; here it is yours.")}</small>}
        {lines.map((line) => (
          <small key={line}>{line}</small>
        ))}
      </button>
      <button class="text-button" aria-label={`${act}: ${title}${node === null ? "" : ` #${node}`}`} onClick={() => comparing.take([hunk], `Take ${title}`)}>
        {act}
      </button>
    </li>
  );
}
