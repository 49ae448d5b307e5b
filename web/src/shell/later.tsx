/** A part of the shell whose code comes when it is first shown. */
import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n";
import type { App } from "./app";
import { toast } from "./ui";

export type Panel = ComponentType<{ app: App }>;

export function Later({ load, app }: { load: () => Promise<Panel>; app: App }): JSX.Element | null {
  const part = useSignal<{ Part: Panel } | null>(null);
  useEffect(() => {
    load().then(
      (Part) => (part.value = { Part }),
      () => {
        toast(t("This part of the page could not be loaded. Is the server still running?"), "error");
      },
    );
  }, [load]);
  const Part = part.value?.Part;
  return Part ? <Part app={app} /> : null;
}
