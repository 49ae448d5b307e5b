/** The dialog of palettes: themes and the user's own, worn, exported, imported, with what is hard to read. */
import type { JSX } from "preact";
import { t } from "../i18n";
import { type Palette, paletteFile, themeOf, tooFaint } from "../canvas/palette";
import { type Theme, typeColor } from "../canvas/theme";
import { stringifyJson } from "../model/json";
import type { App } from "./app";
import { Frame } from "./dialogs";
import { give, pick } from "./files";
import { Icon } from "./icons";
import { channels, choiceOf, importPalette, palettes, plainPalette, removePalette } from "./palettes";
import { SETTINGS, chosen } from "./settings";
import { sentenceOf, toast, ui } from "./ui";
import "./palettes.css";

const THEME = "loom.theme";
const OWN: readonly (readonly [base: Theme["name"], title: string])[] = [["dark", "Dark"], ["light", "Light"], ["contrast", "High contrast"]];
const SHOWN = ["canvas", "node", "field", "text", "text2", "accent", "running", "done", "error", "bypass"] as const;
const TYPES = ["MODEL", "CLIP", "VAE", "CONDITIONING", "LATENT", "IMAGE", "MASK"];

export function PalettesDialog({ app }: { app: App }): JSX.Element {
  void ui.settings.value;
  const setting = SETTINGS.find((one) => one.id === THEME);
  const worn = setting ? chosen(setting) : "";
  return (
    <Frame title={t("Palettes")}>
      <div class="palettes">
        {OWN.map(([base, title]) => <Line key={base} app={app} palette={plainPalette(base, t(title))} value={base} worn={worn === base} own={false} />)}
        {palettes().map((palette) => <Line key={palette.name} app={app} palette={palette} value={choiceOf(palette)} worn={worn === choiceOf(palette)} own />)}
      </div>
      <p class="palettes-hint">{t("Export one, change its colours in any editor, and import it again under another name.")}</p>
      <div class="actions palettes-actions">
        <button class="run plain" onClick={() => take(app)}>{t("Import…")}</button>
      </div>
    </Frame>
  );
}

function take(app: App): void {
  pick(".json", (file) => {
    void (async () => {
      try {
        const palette = await importPalette(app, await file.text());
        await app.settings.set(THEME, choiceOf(palette));
      } catch (error) {
        toast(sentenceOf(error), "error");
      }
    })();
  });
}

function Line({ app, palette, value, worn, own }: { app: App; palette: Palette; value: string; worn: boolean; own: boolean }): JSX.Element {
  const theme = themeOf(palette);
  const { name } = palette;
  const remove = (): void => {
    if (worn) void app.settings.set(THEME, palette.base);
    void removePalette(app, palette);
  };
  return (
    <section class="palette-line" aria-label={name}>
      <button class="palette-wear" aria-pressed={worn} onClick={() => void app.settings.set(THEME, value)}>
        <span>{name}</span>
        <Strip theme={theme} />
      </button>
      <button class="tool" aria-label={t("Export {name}", { name })} title={t("Export {name}", { name })} onClick={() => give(stringifyJson(paletteFile(palette), 2), `${name}.json`)}>
        <Icon name="download" size={16} />
      </button>
      {own && (
        <button class="tool" aria-label={t("Remove {name}", { name })} title={t("Remove {name}", { name })} onClick={remove}>
          <Icon name="trash" size={16} />
        </button>
      )}
      {own && <Faint theme={theme} />}
    </section>
  );
}

/** Some of the colours side by side. */
function Strip({ theme }: { theme: Theme }): JSX.Element {
  const colors = [...SHOWN.map((name) => theme[name]), ...TYPES.map((type) => typeColor(theme, type))];
  return <span class="palette-strip" aria-hidden="true">{colors.map((color, i) => <i key={i} style={{ background: color }} />)}</span>;
}

/** What could not be read by everybody. */
function Faint({ theme }: { theme: Theme }): JSX.Element | null {
  const faint = tooFaint(theme, channels());
  if (faint.length === 0) return null;
  const list = faint.map(({ ink, ground, ratio, least }) => t("{ink} on {ground}: {ratio} of {least}", { ink, ground, ratio: ratio.toFixed(1), least }));
  return <p class="palette-faint"><Icon name="alert" size={14} /> {t("Hard to read: {list}", { list: list.join("; ") })}</p>;
}
