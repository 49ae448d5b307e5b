/** Two or more pictures against each other: slider, side by side, difference. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../i18n";
import type { Shown } from "./ui";
import { cssOf, gestures, type Look } from "./zoom";

const MODES = { slider: "Slider", beside: "Side by side", difference: "Difference" } as const;
type Mode = keyof typeof MODES;
const STEP = 0.02;

interface Props {
  items: readonly Shown[];
  look: Look;
  setLook: (look: Look) => void;
}

export function Compare({ items, look, setLook }: Props): JSX.Element {
  const mode = useSignal<Mode>(items.length > 2 ? "beside" : "slider");
  const pair = useSignal<[number, number]>([0, 1]);
  const [a, b] = pair.value.map((at) => items[at]);
  const hands = gestures(() => look, setLook);
  return (
    <div class="compare">
      <div class="compare-bar" role="toolbar" aria-label={t("Compare")}>
        {(Object.keys(MODES) as Mode[]).map((name) => (
          <button key={name} class="text-button" aria-pressed={mode.value === name} onClick={() => (mode.value = name)}>
            {t(MODES[name])}
          </button>
        ))}
        {items.length > 2 && mode.value !== "beside" && <Pair items={items} pair={pair.value} set={(value) => (pair.value = value)} />}
      </div>
      {mode.value === "beside" || !a || !b ? (
        <div class="compare-panes">
          {items.map((item) => (
            <figure class="pane" key={item.url} {...hands}>
              <img src={item.url} alt={item.name} draggable={false} style={{ transform: cssOf(look) }} />
              <figcaption>{item.name}</figcaption>
            </figure>
          ))}
        </div>
      ) : (
        <Over a={a} b={b} look={look} difference={mode.value === "difference"} hands={hands} />
      )}
    </div>
  );
}

function Pair({ items, pair, set }: { items: readonly Shown[]; pair: [number, number]; set: (pair: [number, number]) => void }): JSX.Element {
  const choose = (side: 0 | 1) => (event: Event): void => {
    const value = Number((event.currentTarget as HTMLSelectElement).value);
    set(side === 0 ? [value, pair[1]] : [pair[0], value]);
  };
  return (
    <>
      {([0, 1] as const).map((side) => (
        <select key={side} aria-label={side === 0 ? t("Left picture") : t("Right picture")} value={pair[side]} onChange={choose(side)}>
          {items.map((item, at) => (
            <option key={item.url} value={at}>
              {item.name}
            </option>
          ))}
        </select>
      ))}
    </>
  );
}

/** One picture over the other, cut at the slider or subtracted. */
function Over({ a, b, look, difference, hands }: { a: Shown; b: Shown; look: Look; difference: boolean; hands: ReturnType<typeof gestures> }): JSX.Element {
  const share = useSignal(0.5);
  const gain = useSignal(4);
  const set = (value: number): void => {
    share.value = Math.min(1, Math.max(0, value));
  };
  const keys = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? STEP : event.key === "ArrowLeft" ? -STEP : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    set(share.value + by);
  };
  const drag = (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    const frame = handle.parentElement?.getBoundingClientRect();
    event.stopPropagation();
    if (event.type === "pointerdown") handle.setPointerCapture(event.pointerId);
    if (frame && handle.hasPointerCapture(event.pointerId)) set((event.clientX - frame.left) / frame.width);
  };
  const percent = `${String(share.value * 100)}%`;
  const transform = cssOf(look);
  return (
    <div class={`pane over ${difference ? "difference" : ""}`} style={difference ? { filter: `brightness(${String(gain.value)})` } : {}} {...hands}>
      <img src={a.url} alt={a.name} draggable={false} style={{ transform }} />
      <div class="over-top" style={difference ? {} : { clipPath: `inset(0 0 0 ${percent})` }}>
        <img src={b.url} alt={b.name} draggable={false} style={{ transform }} />
      </div>
      {difference ? (
        <label class="gain" onPointerDown={(event) => event.stopPropagation()} onPointerMove={(event) => event.stopPropagation()}>
          {t("Strength")}
          <input type="range" min={1} max={32} value={gain.value} onInput={(event) => (gain.value = Number(event.currentTarget.value))} />
        </label>
      ) : (
        <div
          class="slider"
          role="slider"
          tabIndex={0}
          aria-label={t("Where the pictures meet")}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share.value * 100)}
          style={{ left: percent }}
          onKeyDown={keys}
          onPointerDown={drag}
          onPointerMove={drag}
        />
      )}
    </div>
  );
}
