/** Who this page is to the server. */
import { freshUuid } from "../model/ids";

export { freshUuid as uuid } from "../model/ids";

/** An id that stays with this browser tab over reloads. */
export function tabId(): string {
  const known = sessionStorage.getItem("loom.tab");
  if (known) return known;
  const fresh = freshUuid();
  sessionStorage.setItem("loom.tab", fresh);
  return fresh;
}
