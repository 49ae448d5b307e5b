/** The mask editor: paint over a picture what a run may change. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { App } from "./app";
import { Icon, type IconName } from "./icons";
import { t } from "../i18n";
import { type Brush, MaskPaint } from "./maskpaint";
import { saveMask } from "./clipspace";
import { sentenceOf, toast, ui } from "./ui";
import { cssOf, FIT, type Look, zoomedAt } from "./zoom";

/** Masks that were painted and not saved, by picture: closing loses nothing. */
const drafts = new Map<string, MaskPaint>();
const MOST_DRAFTS = 4;
const SMALLEST = 1;
const LARGEST = 1000;

export function MaskEditor({ app }: { app: App }): JSX.Element | null {
  const job = ui.mask.value;
  const frame = useRef<HTMLDivElement>(null);
  const paint = useSignal<{ value: MaskPaint } | null>(null);
  const brush = useSignal<Brush>({ size: 64, hardness: 0.8, opacity: 1, erase: false });
  const look = useSignal<Look>(FIT);
  // Counts strokes, so that the buttons of undo follow.
  const strokes = useSignal(0);
  useLayoutEffect(() => {
    const before = document.activeElement;
    frame.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    if (!job) return;
    openPaint(job.url).then(
      (value) => (paint.value = { value }),
      () => {
        toast(t("The picture could not be loaded."), "error");
        ui.mask.value = null;
      },
    );
  }, [job]);
  if (!job) return null;
  void strokes.value;
  const canvas = paint.value?.value;
  const act = (what: (canvas: MaskPaint) => void) => (): void => {
    if (!canvas) return;
    what(canvas);
    drafts.set(job.url, canvas);
    if (drafts.size > MOST_DRAFTS) drafts.delete([...drafts.keys()][0] ?? "");
    strokes.value++;
  };
  const set = (part: Partial<Brush>): void => {
    brush.value = { ...brush.value, ...part };
  };
  const close = (): void => {
    ui.mask.value = null;
  };
  const save = async (): Promise<void> => {
    if (!canvas) return;
    try {
      await saveMask(app, job, await canvas.png());
      drafts.delete(job.url);
      close();
    } catch (error) {
      toast(sentenceOf(error), "error");
    }
  };
  const resize = (by: number): void => {
    set({ size: Math.min(LARGEST, Math.max(SMALLEST, Math.round(brush.value.size * by))) });
  };
  const keys: Record<string, () => void> = {
    b: () => set({ erase: false }),
    e: () => set({ erase: true }),
    "[": () => resize(0.8),
    "]": () => resize(1.25),
    i: act((at) => at.invert()),
    f: act((at) => at.fill()),
    Delete: act((at) => at.clear()),
    "0": () => (look.value = FIT),
    "+": () => (look.value = zoomedAt(look.value, 1.25, 0, 0)),
    "-": () => (look.value = zoomedAt(look.value, 0.8, 0, 0)),
    Escape: close,
    "Mod+z": act((at) => at.undo()),
    "Mod+Z": act((at) => at.redo()),
    "Mod+y": act((at) => at.redo()),
    "Mod+s": () => void save(),
    "Mod+Enter": () => void save(),
  };
  return (
    <div
      class="viewer mask-editor"
      role="dialog"
      aria-modal="true"
      aria-label={t("Mask editor")}
      tabIndex={-1}
      ref={frame}
      onKeyDown={(event) => {
        const key = (event.ctrlKey || event.metaKey ? "Mod+" : "") + event.key;
        const run = event.target instanceof HTMLInputElement && key !== "Escape" && !key.startsWith("Mod") ? undefined : keys[key];
        event.stopPropagation();
        if (!run) return;
        event.preventDefault();
        run();
      }}
    >
      <div class="viewer-tools" role="toolbar" aria-label={t("Mask tools")}>
        <Tool icon="brush" title={t("Brush  B")} on={!brush.value.erase} act={() => set({ erase: false })} />
        <Tool icon="eraser" title={t("Eraser  E")} on={brush.value.erase} act={() => set({ erase: true })} />
        <Slide label={t("Size")} title="[  ]" min={SMALLEST} max={LARGEST} value={brush.value.size} set={(size) => set({ size })} />
        <Slide label={t("Hardness")} min={0} max={100} value={Math.round(brush.value.hardness * 100)} set={(value) => set({ hardness: value / 100 })} />
        <Slide label={t("Opacity")} min={5} max={100} value={Math.round(brush.value.opacity * 100)} set={(value) => set({ opacity: value / 100 })} />
        <button class="text-button" title={t("Mask everything  F")} onClick={act((at) => at.fill())}>
          {t("Fill")}
        </button>
        <button class="text-button" title={t("Swap masked and free  I")} onClick={act((at) => at.invert())}>
          {t("Invert")}
        </button>
        <button class="text-button" title={t("Mask nothing  Delete")} onClick={act((at) => at.clear())}>
          {t("Clear")}
        </button>
        <Tool icon="undo" title={t("Undo  Ctrl Z")} act={act((at) => at.undo())} off={!canvas?.canUndo} />
        <Tool icon="redo" title={t("Redo  Ctrl Shift Z")} act={act((at) => at.redo())} off={!canvas?.canRedo} />
        <span class="mask-end">
          <button class="text-button" onClick={close} title={t("The mask waits until you open this picture again")}>
            {t("Close")}
          </button>
          <button class="run plain" onClick={() => void save()} disabled={!canvas}>
            {t("Save mask")}
          </button>
        </span>
      </div>
      {canvas && <Easel url={job.url} paint={canvas} brush={brush.value} look={look.value} setLook={(value) => (look.value = value)} painted={act(() => undefined)} />}
    </div>
  );
}

/** A picture's painting: the draft of before, or the mask it carries. */
async function openPaint(url: string): Promise<MaskPaint> {
  const draft = drafts.get(url);
  if (draft) return draft;
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  const paint = new MaskPaint(picture.naturalWidth, picture.naturalHeight);
  paint.adopt(picture);
  return paint;
}

interface EaselProps {
  url: string;
  paint: MaskPaint;
  brush: Brush;
  look: Look;
  setLook: (look: Look) => void;
  painted: () => void;
}

/** The picture with the mask over it, and the hands on it. */
function Easel({ url, paint, brush, look, setLook, painted }: EaselProps): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const sheet = useRef<HTMLDivElement>(null);
  const ring = useRef<HTMLDivElement>(null);
  const mode = useRef<"paint" | "pan" | null>(null);
  useLayoutEffect(() => {
    sheet.current?.append(paint.layer, paint.stroke);
  }, [paint]);
  useLayoutEffect(() => {
    paint.stroke.style.opacity = String(0.65 * brush.opacity);
  }, [brush.opacity]);
  const spot = (event: PointerEvent): { x: number; y: number; press: number } => {
    const rect = paint.layer.getBoundingClientRect();
    const press = event.pointerType === "pen" ? 0.2 + 0.8 * event.pressure : 1;
    return { x: ((event.clientX - rect.left) / rect.width) * paint.width, y: ((event.clientY - rect.top) / rect.height) * paint.height, press };
  };
  const showRing = (event: PointerEvent): void => {
    const at = ring.current;
    const area = stage.current?.getBoundingClientRect();
    if (!at || !area) return;
    const size = (brush.size * paint.layer.getBoundingClientRect().width) / paint.width;
    at.style.width = at.style.height = `${String(size)}px`;
    at.style.transform = `translate(${String(event.clientX - area.left - size / 2)}px, ${String(event.clientY - area.top - size / 2)}px)`;
  };
  const down = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    mode.current = event.button === 0 && !event.altKey ? "paint" : "pan";
    if (mode.current === "paint") paint.begin(spot(event), eraserOf(event, brush));
    event.preventDefault();
  };
  const move = (event: PointerEvent): void => {
    showRing(event);
    if (mode.current === "pan") setLook({ ...look, x: look.x + event.movementX, y: look.y + event.movementY });
    if (mode.current !== "paint") return;
    const all = event.getCoalescedEvents();
    for (const part of all.length > 0 ? all : [event]) paint.move(spot(part), eraserOf(event, brush));
  };
  const up = (event: PointerEvent): void => {
    if (mode.current === "paint") {
      paint.end(eraserOf(event, brush));
      painted();
    }
    mode.current = null;
  };
  const wheel = (event: WheelEvent): void => {
    const rect = stage.current?.getBoundingClientRect();
    event.preventDefault();
    if (rect) setLook(zoomedAt(look, Math.exp(-event.deltaY / 400), event.clientX - rect.left - rect.width / 2, event.clientY - rect.top - rect.height / 2));
  };
  return (
    <div class="easel" ref={stage} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onWheel={wheel} onContextMenu={(event) => event.preventDefault()}>
      <div class="easel-sheet" ref={sheet} style={{ transform: cssOf(look), aspectRatio: `${String(paint.width)} / ${String(paint.height)}`, "--ratio": String(paint.width / paint.height) }}>
        <img src={`${url}&channel=rgb`} alt="" draggable={false} />
      </div>
      <div class="brush-ring" ref={ring} />
      <p class="easel-hint">{t("Wheel zooms · middle drag or Alt drag moves · a pen's other end erases")}</p>
    </div>
  );
}

const ERASER_END = 32;

/** A pen turned around erases. */
const eraserOf = (event: PointerEvent, brush: Brush): Brush => ((event.buttons & ERASER_END) !== 0 ? { ...brush, erase: true } : brush);

function Tool({ icon, title, act, on, off }: { icon: IconName; title: string; act: () => void; on?: boolean; off?: boolean }): JSX.Element {
  return (
    <button class="tool" title={title} aria-label={title.split("  ")[0]} aria-pressed={on} disabled={off} onClick={act}>
      <Icon name={icon} />
    </button>
  );
}

function Slide({ label, title, min, max, value, set }: { label: string; title?: string; min: number; max: number; value: number; set: (value: number) => void }): JSX.Element {
  return (
    <label class="slide" title={title}>
      <span>{label}</span>
      <input type="range" min={min} max={max} value={value} onInput={(event) => set(Number(event.currentTarget.value))} />
      <output>{value}</output>
    </label>
  );
}
