/**
 * The pointer machine: mouse, pen and touch become gestures.
 *
 * One gesture at a time has the pointer. A second finger turns the first one's gesture into a
 * pinch; a finger that rests opens the menu.
 */
import type { Vec } from "../canvas/camera";
import { type Hit, hitTest, MOUSE, TOUCH } from "../canvas/hit";
import { isLocked } from "../model/groups";
import { editControl, editGroupTitle, editTitle, editWidget } from "../widgets/edit";
import { dragGroup, dragNodes, resize, scrub } from "./drags";
import { EdgePan } from "./edgepan";
import { type Gesture, marquee, pan, Pinch, type Pointer } from "./gesture";
import { hover } from "./hover";
import { lasso } from "./lasso";
import { pullAll } from "./linkbundle";
import { pullWire } from "./linkdrag";
import { onPreview, pictureAt } from "./previews";
import { plot } from "./plotdrag";
import { dragReroute, pullReroute } from "./reroutedrag";
import type { Workspace } from "./workspace";

const CLICK_PX = 4;
const TOUCH_PX = 9;
const LONG_PRESS_MS = 500;
const DOUBLE_MS = 350;
const NO_KEYS = { shift: false, ctrl: false, alt: false, touch: false };

export class PointerMachine {
  /** Set while the space bar is held: any drag pans. */
  /** What the wheel does; `auto` tells a wheel from a trackpad. */
  wheelDoes: "auto" | "zoom" | "pan" = "auto";
  panning = false;
  private gesture: Gesture | null = null;
  private pinch: Pinch | null = null;
  private fingers = new Map<number, Vec>();
  private start: Vec = { x: 0, y: 0 };
  private moved = false;
  private press = 0;
  private readonly edge: EdgePan;
  private lastClick = { at: -Infinity, x: 0, y: 0 };

  constructor(
    private readonly ws: Workspace,
    private readonly host: HTMLElement,
  ) {
    this.edge = new EdgePan(ws.renderer.camera);
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      run: (event: HTMLElementEventMap[K]) => void,
      passive = true,
    ): void => {
      host.addEventListener(type, run, { passive });
    };
    on("pointerdown", this.down, false);
    on("pointermove", this.move);
    on("pointerup", this.up);
    on("pointercancel", this.cancel);
    on("pointerleave", this.leave);
    on("contextmenu", this.menu, false);
    on("wheel", this.wheel, false);
  }

  private place(event: MouseEvent): Vec {
    const rect = this.host.getBoundingClientRect();
    return { x: event.clientX - rect.left, y: event.clientY - rect.top };
  }

  private pointer(event: PointerEvent): Pointer {
    const screen = this.place(event);
    return {
      screen,
      world: this.ws.renderer.camera.toWorld(screen),
      travel: { x: screen.x - this.start.x, y: screen.y - this.start.y },
      shift: event.shiftKey,
      ctrl: event.ctrlKey || event.metaKey,
      alt: event.altKey,
      touch: event.pointerType === "touch",
    };
  }

  private inEditor(event: Event): boolean {
    return event.target instanceof Node && this.ws.editors.contains(event.target);
  }

  private readonly down = (event: PointerEvent): void => {
    if (this.inEditor(event)) return;
    // Keeps the focus where it is told to be, and the page from selecting text.
    event.preventDefault();
    this.ws.closeEditor();
    this.host.focus({ preventScroll: true });
    const at = this.place(event);
    this.ws.pointer = at;
    if (event.pointerType === "touch") {
      this.fingers.set(event.pointerId, at);
      if (this.fingers.size === 2) {
        this.startPinch();
        return;
      }
    }
    if (this.gesture || this.pinch) return;
    this.host.setPointerCapture(event.pointerId);
    this.start = at;
    this.moved = false;
    const p = this.pointer(event);
    const hit = this.hit(p);
    if (event.pointerType === "touch") this.waitForLongPress(at, hit);
    this.gesture = this.begin(event, p, hit);
    if (this.gesture) this.ws.renderer.hover = null;
  };

  private hit(p: Pointer): Hit | null {
    return hitTest(this.ws.scene, p.world, this.ws.renderer.camera.scale, p.touch ? TOUCH : MOUSE);
  }

  private begin(event: PointerEvent, p: Pointer, hit: Hit | null): Gesture | null {
    const { ws } = this;
    if (event.button === 1 || this.panning) return pan(ws, () => undefined);
    if (event.button !== 0) return null;
    if (!hit || hit.kind === "wire") return this.onGround(p, hit);
    if (hit.kind === "reroute") return dragReroute(ws, hit.reroute, (at) => {
      ws.doors.menu(at, hit);
    });
    if (hit.kind === "socket" && p.shift && hit.socket.side === "output") return pullAll(ws, hit.box, hit.socket);
    if (hit.kind === "socket") return pullWire(ws, hit.box, hit.socket);
    if (hit.kind === "group") return this.onGroup(hit);
    if (hit.kind === "resize") {
      this.choose(hit.box.key, p);
      return resize(ws, hit.box);
    }
    return this.grabbed(p, hit) ?? this.onNode(p, hit);
  }

  /** A press that a script takes for itself. */
  private grabbed(p: Pointer, hit: Exclude<Hit, { kind: "wire" | "group" | "socket" | "reroute" }>): Gesture | null {
    const { everywhere } = this.ws.scene.plugged;
    const grip = everywhere?.grab(hit.box, hit.kind === "widget" ? hit.row : null, p.world);
    if (!grip) return null;
    this.choose(hit.box.key, p);
    const end = (at: Pointer): void => { grip.end(at.world); };
    return { move: (at) => { grip.move(at.world); }, end, cancel: () => { grip.end(p.world); } };
  }

  private onGroup({ group, index }: Extract<Hit, { kind: "group" }>): Gesture {
    const { ws } = this;
    const click = (end: Pointer): void => {
      if (this.isDouble(end.screen)) ws.edit((site) => editGroupTitle(site, ws.doc, group, index));
    };
    return isLocked(group) ? pan(ws, click) : dragGroup(ws, group, index, click);
  }

  private onGround(p: Pointer, hit: Hit | null): Gesture {
    const { ws } = this;
    if (p.alt && hit?.kind === "wire") return pullReroute(ws, hit.wire, p.world);
    if (p.alt) return lasso(ws, p.world);
    if ((p.shift || p.ctrl) && !p.touch) return marquee(ws, p.world);
    return pan(ws, (end) => {
      ws.select([]);
      if (hit) ws.doors.menu(end.screen, hit);
      else if (this.isDouble(end.screen)) {
        ws.doors.search(end.screen, null, (spec) => ws.add(spec, end.world));
      }
    });
  }

  private onNode(p: Pointer, hit: Exclude<Hit, { kind: "wire" | "group" | "socket" | "reroute" }>): Gesture {
    const { ws } = this;
    if (hit.kind === "widget" && !p.shift && !p.ctrl) {
      const { box, row, side } = hit;
      const open = (): void => {
        if (!side && ws.scene.plugged.press(box, row, p.world)) return;
        if (side && row.side?.widget.kind === "upload") ws.doors.upload(box.key);
        else ws.edit((site) => (side ? editControl : editWidget)(site, ws.scene, box, row));
      };
      if (row.socket?.socket.link != null && !side) return this.dragOf(hit, p, () => undefined);
      if (row.widget.kind === "number" && !side) return scrub(ws, box, row, open);
      if ((row.widget.kind === "curve" || row.widget.kind === "boxes") && !ws.scene.plugged.field(box, row.widget.name)) {
        this.choose(box.key, p);
        return plot(ws, box, row, p, (end) => {
          if (this.isDouble(end.screen)) open();
        });
      }
      return this.dragOf(hit, p, open);
    }
    const pressed = hit.kind === "preview" && !p.shift && !p.ctrl ? onPreview(ws, hit.box, p.world) : null;
    if (pressed) {
      this.choose(hit.box.key, p);
      return pressed;
    }
    return this.dragOf(hit, p, (end) => {
      if (!this.isDouble(end.screen)) return;
      if (ws.scene.isInstance(hit.box)) ws.doors.enter(hit.box.key);
      else if (hit.kind === "header") ws.edit((site) => editTitle(site, ws.scene, hit.box));
      if (hit.kind === "preview") ws.doors.show(hit.box.key, pictureAt(ws, hit.box, end.world));
    });
  }

  /** Drag the node with the selection; a plain click on one of many selects it alone. */
  private dragOf(hit: { box: { key: string } }, p: Pointer, click: (p: Pointer) => void): Gesture {
    const { ws } = this;
    this.choose(hit.box.key, p);
    return dragNodes(ws, (end) => {
      if (!p.shift && !p.ctrl) ws.select([hit.box.key]);
      click(end);
    });
  }

  private choose(key: string, p: Pointer): void {
    const { ws } = this;
    const chosen = ws.scene.selection.has(key);
    if (p.shift || p.ctrl) {
      const rest = ws.selected().filter((other) => other !== key);
      ws.select(chosen ? rest : [...rest, key]);
    } else if (!chosen) ws.select([key]);
  }

  private isDouble(at: Vec): boolean {
    const now = performance.now();
    const near = Math.hypot(at.x - this.lastClick.x, at.y - this.lastClick.y) < 12;
    const double = near && now - this.lastClick.at < DOUBLE_MS;
    this.lastClick = { at: double ? -Infinity : now, ...at };
    return double;
  }

  private readonly move = (event: PointerEvent): void => {
    const at = this.place(event);
    this.ws.pointer = at;
    if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, at);
    if (this.pinch) {
      const [a, b] = [...this.fingers.values()];
      if (a && b) this.pinch.move(a, b);
      return;
    }
    if (!this.gesture) {
      if (event.pointerType !== "touch" && !this.inEditor(event)) this.setCursor(this.panning ? "grab" : hover(this.ws));
      return;
    }
    const p = this.pointer(event);
    this.panAtEdge(p.screen);
    const least = p.touch ? TOUCH_PX : CLICK_PX;
    if (!this.moved && Math.hypot(p.travel.x, p.travel.y) < least) return;
    this.moved = true;
    clearTimeout(this.press);
    this.setCursor(this.gesture.cursor ?? "default");
    this.gesture.move(p);
  };

  /** Near the edge a drag goes on into what is not in view yet. */
  private panAtEdge(at: Vec): void {
    const { gesture } = this;
    if (!gesture?.reaches || !this.moved) this.edge.stop();
    else this.edge.follow(at, (dx, dy) => {
      const { camera } = this.ws.renderer;
      camera.panBy(dx, dy);
      // The press stays at its place in the world, so that the travel grows with the view.
      this.start = { x: this.start.x + dx, y: this.start.y + dy };
      this.ws.renderer.moved();
      const { x, y } = this.start;
      gesture.move({ ...NO_KEYS, screen: at, world: camera.toWorld(at), travel: { x: at.x - x, y: at.y - y } });
    });
  }

  private readonly up = (event: PointerEvent): void => {
    this.fingers.delete(event.pointerId);
    clearTimeout(this.press);
    if (this.pinch) {
      if (this.fingers.size === 0) this.pinch = null;
      return;
    }
    const { gesture } = this;
    this.gesture = null;
    this.edge.stop();
    gesture?.end(this.pointer(event), this.moved);
    this.setCursor("default");
  };

  private readonly cancel = (event: PointerEvent): void => {
    this.fingers.delete(event.pointerId);
    if (this.fingers.size === 0) this.pinch = null;
    this.abort();
  };

  /** Stop the running gesture and put back what it changed. True if there was one. */
  abort(): boolean {
    clearTimeout(this.press);
    const { gesture } = this;
    this.gesture = null;
    this.edge.stop();
    gesture?.cancel();
    return gesture !== null;
  }

  private readonly leave = (): void => {
    if (!this.ws.renderer.hover && this.ws.scene.hoverWire === null) return;
    this.ws.renderer.hover = null;
    this.ws.scene.hoverWire = null;
    this.ws.renderer.ask("world");
  };

  private startPinch(): void {
    this.abort();
    const [a, b] = [...this.fingers.values()];
    if (a && b) this.pinch = new Pinch(this.ws, a, b);
  }

  private waitForLongPress(at: Vec, hit: Hit | null): void {
    this.press = window.setTimeout(() => {
      if (this.moved || !this.gesture) return;
      this.abort();
      this.openMenu(at, hit);
    }, LONG_PRESS_MS);
  }

  private readonly menu = (event: MouseEvent): void => {
    if (this.inEditor(event)) return;
    event.preventDefault();
    // A finger that rests has its menu from us already.
    if ((event as PointerEvent).pointerType === "touch") return;
    const at = this.place(event);
    const { camera } = this.ws.renderer;
    this.openMenu(at, hitTest(this.ws.scene, camera.toWorld(at), camera.scale));
  };

  private openMenu(at: Vec, hit: Hit | null): void {
    if (hit && "box" in hit && !this.ws.scene.selection.has(hit.box.key)) this.ws.select([hit.box.key]);
    this.ws.doors.menu(at, hit);
  }

  private readonly wheel = (event: WheelEvent): void => {
    if (this.inEditor(event)) return;
    event.preventDefault();
    const { camera } = this.ws.renderer;
    const unit = event.deltaMode === 1 ? 16 : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    // A trackpad reports small or sideways steps; a wheel comes in large vertical ones.
    const gentle = event.deltaMode === 0 && (dx !== 0 || Math.abs(dy) < 40);
    const pad = this.wheelDoes === "pan" || (this.wheelDoes === "auto" && gentle);
    if (event.ctrlKey || event.metaKey) camera.zoomAt(this.place(event), Math.exp(-dy * (gentle ? 0.01 : 0.002)));
    else if (event.shiftKey) camera.panBy(-(dx || dy), 0);
    else if (pad) camera.panBy(-dx, -dy);
    else camera.zoomAt(this.place(event), Math.exp(-dy * 0.0015));
    this.ws.renderer.moved();
  };

  private setCursor(cursor: string): void {
    if (this.host.style.cursor !== cursor) this.host.style.cursor = cursor;
  }
}
