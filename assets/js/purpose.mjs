// What for, and in which case: asked before records leave the house or somebody's history is opened, kept for this tab alone.
import { ask, headers, signedOutBy } from "./api.mjs";

const KEY = "vigia-purpose";
const PURPOSES = ["Prevention", "Detection", "Investigation", "Prosecution", "Oversight"];

/** Pure: a purpose as headers, whatever letters a case reference has. */
export const purposeHeaders = (told) => (told ? {
  "X-Purpose": encodeURIComponent(told.words), "X-Case": encodeURIComponent(told.case),
  ...(told.recipient ? { "X-Recipient": encodeURIComponent(told.recipient) } : {}),
} : {});

/** Pure: the file name an answer gives itself. */
export const fileName = (disposition) => /filename="([^"]+)"/.exec(disposition ?? "")?.[1] ?? "export";

const held = () => JSON.parse(sessionStorage.getItem(KEY) ?? "null") ?? undefined;

const FOR_WHOM = `<label for="purpose-recipient">For whom, when it goes outside</label><input id="purpose-recipient" maxlength="100" autocomplete="off" placeholder="Agency or person">`;

/** Ask for it; what was told before stands there already, but for whom something is. Undefined when the person turned back. */
export function askPurpose(what, { recipient = false } = {}) {
  const before = held();
  const box = document.body.appendChild(Object.assign(document.createElement("dialog"), { className: "purpose" }));
  box.innerHTML = `<form method="dialog"><h2></h2><p>What for and in which case goes into the record.</p>
    <label for="purpose-words">Purpose</label><select id="purpose-words">${PURPOSES.map((p) => `<option>${p}</option>`).join("")}</select>
    <label for="purpose-case">Case</label><input id="purpose-case" required maxlength="100" autocomplete="off" pattern=".*\\S.*">
    ${recipient ? FOR_WHOM : ""}<div class="actions-row"><button type="button" class="action">Back</button><button class="filled" value="go">Go on</button></div></form>`;
  box.querySelector("h2").textContent = what;
  const [words, reference] = [box.querySelector("select"), box.querySelector("input")];
  if (before) [words.value, reference.value] = [before.words, before.case];
  return new Promise((resolve) => {
    box.querySelector(".action").addEventListener("click", () => box.close());
    box.addEventListener("close", () => {
      const told = box.returnValue === "go" ? { words: words.value, case: reference.value.trim() } : undefined;
      if (told) sessionStorage.setItem(KEY, JSON.stringify(told));
      const whom = box.querySelector("#purpose-recipient")?.value.trim();
      box.remove();
      resolve(told && { ...told, ...(whom ? { recipient: whom } : {}) });
    });
    box.showModal();
    reference.focus();
  });
}

/** Search for a name among tags, vehicles and persons too: the server keeps the purpose for this text. Undefined when the person turned back. */
export async function searchAll(text, world) {
  const told = await askPurpose("Search tags, vehicles and persons");
  return told && ask(`/api/search?q=${encodeURIComponent(text)}&world=${world}`, { also: purposeHeaders(told) });
}

/** Links that take records out ask first, then load with the purpose told. `say` takes a line for the person. */
export function watchExports(root, { say }) {
  root.addEventListener("click", async (event) => {
    const link = event.target.closest?.("a[href^='/api/export/']");
    const invented = link && new URL(link.href).searchParams.get("world") === "exercise";
    if (!link) return;
    event.preventDefault();
    const told = invented ? undefined : await askPurpose("Take these records out", { recipient: true });
    if (!told && !invented) return;
    say("Writing the file…");
    const also = purposeHeaders(told);
    const answer = await fetch(link.href, { headers: { ...headers(), ...also } }).catch(() => undefined);
    if (answer?.status === 413) return made(jobAddress(link.href), also, say).catch((error) => say(error.message));
    await taken(answer, say);
  });
}

/** An answer that is a file goes to the downloads; any other is said. */
async function taken(answer, say) {
  if (!answer?.ok) {
    if (answer) signedOutBy(answer.status);
    return say((await answer?.json().catch(() => undefined))?.error ?? "The server does not answer.");
  }
  const url = URL.createObjectURL(await answer.blob());
  Object.assign(document.createElement("a"), { href: url, download: fileName(answer.headers.get("content-disposition")) }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say("The file is with your downloads.");
}

/** Pure: where a large file is asked for, of the address that would not write it at once. */
export function jobAddress(href) {
  const { pathname, search } = new URL(href, "http://x");
  return `/api/exports?format=${encodeURIComponent(pathname.split("/").at(-1))}&${search.slice(1)}`;
}

const DOING = { waiting: "it waits for its turn", reading: "its records are read", writing: "it is written" };
const LOOK_MS = 1500;

/** Have a large file made, say how far it is, and take it; who leaves the page finds it in the export menu. */
async function made(address, also, say) {
  const answer = await fetch(address, { method: "POST", headers: { ...headers(), ...also } });
  let job = await answer.json();
  signedOutBy(answer.status);
  if (!answer.ok) return say(job.error);
  let said;
  while (job.state in DOING) {
    if (said !== job.state) say(`A large file is being made: ${DOING[said = job.state]}. You may go on; it will be in the export menu too.`, { stays: true });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    job = await ask(`/api/exports/${job.id}`);
  }
  if (job.state === "failed") return say(`The file could not be made: ${job.failure}`);
  await taken(await fetch(job.file, { headers: headers() }), say);
}

/** The files that were made for whoever asks, as a list in the export menu each time it is opened. */
export function listMade(menu, box) {
  menu.addEventListener("toggle", async () => {
    if (!menu.open) return;
    const { rows } = await ask("/api/exports").catch(() => ({ rows: [] }));
    box.hidden = !rows.length;
    box.replaceChildren(Object.assign(document.createElement("b"), { textContent: "Large files" }), ...rows.map(line));
  });
}

function line(job) {
  const row = document.createElement(job.file ? "a" : "div");
  row.className = "menu-row";
  const size = job.size_bytes ? `${(job.size_bytes / 1e6).toFixed(1)} MB, until ${new Date(job.expires_at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZoneName: "short" })}` : job.failure ?? DOING[job.state];
  row.append(Object.assign(document.createElement("b"), { textContent: job.format.toUpperCase() }), Object.assign(document.createElement("span"), { textContent: size }));
  return job.file ? Object.assign(row, { href: job.file, download: job.name }) : row;
}
