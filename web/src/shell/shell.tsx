/** The frame of the page: bar, canvas, docked panel, and what lies over them for a moment. */
import type { JSX } from "preact";
import type { App } from "./app";
import { ConflictBar } from "./conflict";
import { Dialogs } from "./dialogs";
import { EmptyState } from "./emptystate";
import { Later, type Panel as Part } from "./later";
import { Trail } from "./levels";
import { Map } from "./minimap";
import { Menu, Toasts } from "./overlays";
import { Panel } from "./panels";
import { PhoneBar } from "./phonebar";
import { NodeSearch, Palette } from "./search";
import { Toolbox } from "./toolbox";
import { TopBar } from "./topbar";
import { ui } from "./ui";

const mask = (): Promise<Part> => import("./maskeditor").then((file) => file.MaskEditor);
const heat = (): Promise<Part> => import("./heatlegend").then((file) => file.HeatLegend);
const strip = (): Promise<Part> => import("./axisstrip").then((file) => file.AxisStrip);
const grid = (): Promise<Part> => import("./sweepgrid").then((file) => file.SweepGrid);
const form = (): Promise<Part> => import("./formview").then((file) => file.FormView);
const lightbox = (): Promise<Part> => import("./lightbox").then((file) => file.Lightbox);

/** Everything but the canvas host, which stands beside and is never rebuilt. */
export function Bar({ app }: { app: App }): JSX.Element | null {
  return ui.canvasOnly.value ? null : <TopBar key={ui.language.value} app={app} />;
}

export function Side({ app }: { app: App }): JSX.Element | null {
  return ui.canvasOnly.value ? null : <Panel key={ui.language.value} app={app} />;
}

export function Over({ app }: { app: App }): JSX.Element {
  return (
    <>
      <Trail app={app} />
      <EmptyState app={app} />
      <Map app={app} />
      {ui.axes.value > 0 && <Later load={strip} app={app} />}
      {ui.heat.value !== null && <Later load={heat} app={app} />}
      {ui.form.value && <Later load={form} app={app} />}
      <PhoneBar app={app} />
      <Toolbox app={app} />
      <NodeSearch app={app} />
      <Menu app={app} />
      <ConflictBar app={app} />
      <Toasts />
    </>
  );
}

export function Page({ app }: { app: App }): JSX.Element {
  return (
    <>
      <div class="sr-only" role="status">{ui.spoken.value}</div>
      <Palette app={app} />
      {ui.mask.value && <Later load={mask} app={app} />}
      <Dialogs key={ui.language.value} app={app} />
      {ui.sweep.value !== null && <Later load={grid} app={app} />}
      {ui.viewer.value && <Later load={lightbox} app={app} />}
    </>
  );
}
