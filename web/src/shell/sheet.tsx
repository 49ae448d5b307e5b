/** The grip of a panel that is a sheet on small screens: drag it, or press it for the other height. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n";
import { ui } from "./ui";

const LOW = 46;
const HIGH = 86;
/** Dragged below this the sheet is put away. */
const LEAST = 22;
const CLICK_PX = 6;

function setHeight(grip: Element, percent: number): void {
  grip.closest<HTMLElement>(".panel")?.style.setProperty("--sheet", `${String(Math.round(percent))}dvh`);
}

const heightOf = (grip: Element): number => ((grip.closest(".panel")?.clientHeight ?? 0) / innerHeight) * 100;

export function SheetGrip(): JSX.Element {
  const drag = useRef<{ from: number; moved: boolean } | null>(null);
  const down = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    drag.current = { from: event.clientY, moved: false };
  };
  const move = (event: PointerEvent): void => {
    if (!drag.current) return;
    drag.current.moved ||= Math.abs(event.clientY - drag.current.from) > CLICK_PX;
    if (drag.current.moved) setHeight(event.currentTarget as Element, Math.min(HIGH, Math.max(8, (1 - event.clientY / innerHeight) * 100)));
  };
  const up = (event: PointerEvent): void => {
    if (drag.current?.moved && heightOf(event.currentTarget as Element) < LEAST) ui.panel.value = null;
  };
  const press = (event: MouseEvent): void => {
    const grip = event.currentTarget as Element;
    const dragged = drag.current?.moved === true;
    drag.current = null;
    if (!dragged) setHeight(grip, heightOf(grip) > (LOW + HIGH) / 2 ? LOW : HIGH);
  };
  return (
    <button
      class="sheet-grip" aria-label={t("Height of the panel")}
      onPointerDown={down} onPointerMove={move} onPointerUp={up} onClick={press}
    />
  );
}
