/** The dialog about the program: versions, devices and memory, the guide, the licence. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import { isObject, type Json, type JsonObject } from "../model/json";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { Logo } from "./icons";
import { readableSize } from "./sizes";
import { sentenceOf, toast, ui } from "./ui";
import "./about.css";

const part = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const word = (value: Json | undefined): string => (typeof value === "string" ? value : "");

export function AboutDialog({ app }: { app: App }): JSX.Element {
  const stats = useSignal<JsonObject | null>(null);
  useEffect(() => {
    app.client.json("system_stats").then((answer) => (stats.value = part(answer)), (error: unknown) => {
      toast(sentenceOf(error), "error");
    });
  }, []);
  const system = part(stats.value?.["system"]);
  const devices = stats.value?.["devices"];
  return (
    <Frame title={t("About Latent Loom")}>
      <div class="about">
        <p class="about-head"><Logo /> <strong>Latent Loom</strong> {word(system["loom_version"])}</p>
        <p>{t("Workflows for latent diffusion. Free under the Apache License 2.0.")}</p>
        <p class="about-doors">
          <button class="text-button" onClick={() => (ui.dialog.value = "guide")}>{t("Guide")}</button>
          <a class="text-button" href="licenses.txt" target="_blank" rel="noreferrer">{t("Licences of what the page is made of")}</a>
        </p>
        <Facts system={system} />
        <h3>{t("Memory")}</h3>
        <Bar name={t("Computer")} total={Number(system["ram_total"] ?? 0)} free={Number(system["ram_free"] ?? 0)} />
        {(Array.isArray(devices) ? devices : []).map((device, i) => {
          const { name, type, vram_total: total, vram_free: free } = part(device);
          return type !== "cpu" && <Bar key={i} name={word(name)} total={Number(total)} free={Number(free)} />;
        })}
        <Results held={part(part(stats.value?.["x"])["cache"])} />
      </div>
    </Frame>
  );
}

function Facts({ system }: { system: JsonObject }): JSX.Element {
  const facts = [
    [t("System"), word(system["os"])],
    ["Python", word(system["python_version"]).split(" ")[0]],
    ["PyTorch", word(system["pytorch_version"])],
    [t("Programming interface"), word(system["comfyui_version"])],
    [t("Started as"), (Array.isArray(system["argv"]) ? system["argv"] : []).map(String).join(" ")],
  ];
  return (
    <dl>
      {facts.filter(([, value]) => value).map(([name, value]) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

function Bar({ name, total, free }: { name: string; total: number; free: number }): JSX.Element | null {
  if (!(total > 0)) return null;
  const used = total - free;
  const text = t("{used} of {total} used", { used: readableSize(used), total: readableSize(total) });
  return (
    <div class="about-bar">
      <span>{name}<small>{text}</small></span>
      <meter min={0} max={total} value={used} aria-label={`${name}: ${text}`} />
    </div>
  );
}

/** Results that are kept for later runs. */
function Results({ held }: { held: JsonObject }): JSX.Element {
  const tiers = [[t("Results in memory"), part(held["memory"])], [t("Results on disk"), part(held["disk"])]] as const;
  return <>{tiers.map(([name, tier]) => <Bar key={name} name={name} total={Number(tier["budget"] ?? 0)} free={Number(tier["budget"] ?? 0) - Number(tier["bytes"] ?? 0)} />)}</>;
}
