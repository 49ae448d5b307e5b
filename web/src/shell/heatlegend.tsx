/** The legend of the heat map: what colours mean, and what they are taken from. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { heatColor, type HeatOf } from "../canvas/forecast";
import type { App } from "./app";
import { Icon } from "./icons";
import { ui } from "./ui";

const STEPS = 9;

export function HeatLegend({ app }: { app: App }): JSX.Element | null {
  const of = ui.heat.value;
  if (of === null) return null;
  const theme = ui.theme.value;
  const stops = Array.from({ length: STEPS }, (_, i) => heatColor(theme, i / (STEPS - 1)));
  return (
    <section class="heat-legend" aria-label={t("Heat map")} key={ui.language.value}>
      <div class="heat-modes" role="group" aria-label={t("Colour by")}>
        <Mode app={app} mode="time" label={t("Time")} />
        <Mode app={app} mode="memory" label={t("Memory")} />
      </div>
      <span>{t("little")}</span>
      <i class="heat-ramp" style={{ background: `linear-gradient(90deg, ${stops.join(", ")})` }} />
      <span>{t("much")}</span>
      <button class="tool" aria-label={t("Close the heat map")} title={t("Close the heat map")} onClick={() => app.forecaster.heat(null)}>
        <Icon name="close" size={14} />
      </button>
    </section>
  );
}

function Mode({ app, mode, label }: { app: App; mode: HeatOf; label: string }): JSX.Element {
  return (
    <button class="text-button" aria-pressed={ui.heat.value === mode} onClick={() => app.forecaster.heat(mode)}>
      {label}
    </button>
  );
}
