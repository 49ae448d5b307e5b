/** Zoom and pan of pictures in frames of one size: all frames that share it move together. */

/** Offset of the picture's middle from the frame's, in pixels, and scale against "fits". */
export interface Look {
  x: number;
  y: number;
  scale: number;
}

export const FIT: Look = { x: 0, y: 0, scale: 1 };
const MOST = 64;

/** Zoom by a factor with the point (from the frame's middle) standing still. */
export function zoomedAt(look: Look, factor: number, px: number, py: number): Look {
  const scale = Math.min(MOST, Math.max(0.25, look.scale * factor));
  const by = scale / look.scale;
  return { scale, x: px - (px - look.x) * by, y: py - (py - look.y) * by };
}

export const cssOf = (look: Look): string => `translate(${String(look.x)}px, ${String(look.y)}px) scale(${String(look.scale)})`;

/** Handlers for a frame: wheel zooms, dragging pans, a double click fits or shows pixels. */
export function gestures(get: () => Look, set: (look: Look) => void): {
  onWheel: (event: WheelEvent) => void;
  onPointerDown: (event: PointerEvent) => void;
  onPointerMove: (event: PointerEvent) => void;
  onDblClick: (event: MouseEvent) => void;
} {
  const middle = (event: MouseEvent): [number, number] => {
    const rect = (event.currentTarget as Element).getBoundingClientRect();
    return [event.clientX - rect.left - rect.width / 2, event.clientY - rect.top - rect.height / 2];
  };
  return {
    onWheel: (event) => {
      event.preventDefault();
      set(zoomedAt(get(), Math.exp(-event.deltaY / 400), ...middle(event)));
    },
    onPointerDown: (event) => {
      if (event.button === 0) (event.currentTarget as Element).setPointerCapture(event.pointerId);
    },
    onPointerMove: (event) => {
      if (!(event.currentTarget as Element).hasPointerCapture(event.pointerId)) return;
      const look = get();
      set({ ...look, x: look.x + event.movementX, y: look.y + event.movementY });
    },
    onDblClick: (event) => {
      set(get().scale === 1 ? zoomedAt(FIT, 4, ...middle(event)) : FIT);
    },
  };
}
