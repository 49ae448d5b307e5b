/** Who is signed in. A server without accounts has nobody to tell of, and nothing of it is shown. */
import { isObject } from "../model/json";
import type { App } from "./app";
import { ui } from "./ui";

/** The one user of an installation without accounts. */
const ONLY = "default";

export async function greetPerson(app: App): Promise<void> {
  const me = await app.client.json("x/me").catch(() => null);
  if (!isObject(me) || me["signed_in"] !== true) return;
  const [name, id, role] = ["user", "id", "role"].map((key) => (typeof me[key] === "string" ? me[key] : ""));
  ui.me.value = { name: name ?? "", role: role ?? "", account: id !== ONLY };
  app.commands.add(
    { id: "account", title: "Account…", group: "View", run: () => {
      ui.dialog.value = "account";
    } },
    { id: "sign-out", title: "Sign out", group: "View", run: () => void signOut(app) },
  );
}

/** End the session of this browser; the server then asks who comes. */
export async function signOut(app: App): Promise<void> {
  await app.client.json("logout", "POST", {});
  location.reload();
}
