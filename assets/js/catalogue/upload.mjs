// Sending files: many, two at a time, each resumable (tus); after a reload the same file, chosen again, goes on from where it was.
import { Upload } from "../../vendor/tus.mjs";
import { ask, headers, signedOutBy } from "../api.mjs";
import { Rate, bytes, left, whole } from "./progress.mjs";

const ENDPOINT = "/api/uploads";
const AT_ONCE = 2;
const PART_BYTES = 8 << 20;
const RETRY_MS = [0, 1000, 3000, 5000];
const AGAIN_MS = 10_000; // a server that is started anew
const LOOK_MS = 2000;
const WORDS = { queued: "waits to be sent", paused: "paused", coming: "unfinished", waiting: "all here; waits to be read", reading: "being read", stored: "stored", already: "already there", refused: "refused", failed: "not sent" };
const DONE = new Set(["stored", "already", "refused", "failed"]);

export function createUploads({ limits }) {
  const $ = (id) => document.getElementById(id);
  const rows = new Map(); // by what they are shown under: a number of this page, or the server's id
  const rate = new Rate();
  let paused = false, looking, looks = 0, count = 0;

  // -- what is chosen

  function add(files) {
    const facts = Object.fromEntries([...new FormData($("facts"))].filter(([, v]) => String(v).trim()));
    const wrong = [];
    for (const file of files) {
      const why = refusal(file, limits);
      if (why) wrong.push(`${file.name}: ${why}`);
      else if (![...rows.values()].some((r) => r.file && r.file.name === file.name && r.file.size === file.size && !DONE.has(r.state))) queue(file, facts);
    }
    say(wrong.length ? `Not taken: ${wrong.slice(0, 8).join("; ")}${wrong.length > 8 ? `; and ${wrong.length - 8} more` : ""}` : "");
    next();
  }

  function queue(file, facts) {
    const row = { key: `file-${(count += 1)}`, name: file.name, size: file.size, sent: 0, state: "queued", file, told: [] };
    row.upload = new Upload(file, {
      endpoint: ENDPOINT, chunkSize: PART_BYTES, retryDelays: RETRY_MS, removeFingerprintOnSuccess: true, metadata: { filename: file.name, ...facts },
      onBeforeRequest: (request) => { if (headers()["X-Active"]) request.setHeader("X-Active", "1"); },
      onShouldRetry: (error) => ![401, 403, 404, 413, 422, 429, 507].includes(error.originalResponse?.getStatus()),
      onProgress: (sent) => {
        rate.told(performance.now() / 1000, Math.max(0, sent - row.sent));
        row.sent = sent;
        draw(row);
        all();
      },
      onSuccess: () => {
        adopt(row);
        row.sent = row.size;
        set(row, "waiting");
        next();
        look();
      },
      onError: (error) => failed(row, error),
    });
    rows.set(row.key, row);
    draw(row);
  }

  async function start(row) {
    set(row, "sending");
    try {
      const before = await row.upload.findPreviousUploads(); // the same file, told by name, size and when it was changed
      const last = before.sort((a, b) => Date.parse(b.creationTime) - Date.parse(a.creationTime))[0];
      if (last && !row.upload.url) row.upload.resumeFromPreviousUpload(last);
      adopt(row, last?.uploadUrl);
    } catch { /* a browser that keeps nothing begins anew */ }
    if (row.state === "sending") row.upload.start();
  }

  /** A file chosen again takes the place of what the server told of it. */
  function adopt(row, url = row.upload.url) {
    if (!url) return;
    row.id = url.split("/").at(-1);
    for (const other of [...rows.values()]) if (other !== row && other.id === row.id) remove(other);
  }

  function next() {
    const going = [...rows.values()].filter((r) => r.state === "sending").length;
    if (!paused) [...rows.values()].filter((r) => r.state === "queued").slice(0, Math.max(0, AT_ONCE - going)).forEach(start);
    all();
  }

  function failed(row, error) {
    const status = error.originalResponse?.getStatus() ?? 0;
    const words = wordsOf(error.originalResponse?.getBody()) ?? (status ? `The server said ${status}.` : "The server does not answer.");
    if (status === 401) {
      say("Signed out. Sign in again in another tab, then press “Go on”: what was sent is kept.");
      signedOut();
    } else if (status === 0 || [409, 423, 502, 503, 504].includes(status)) {
      row.words = `${words} Tried again every ${AGAIN_MS / 1000} s.`;
      set(row, "queued", { later: true });
      setTimeout(next, AGAIN_MS);
      return;
    } else {
      row.words = words;
      set(row, "failed");
    }
    next();
  }

  function signedOut() {
    paused = true;
    for (const row of rows.values()) if (row.state === "sending") hold(row);
    all();
  }

  function hold(row) {
    row.upload.abort();
    set(row, "queued");
  }

  // -- what the server says

  /** What became of all that is one's own; unfinished ones of an earlier page among them. */
  async function look() {
    clearTimeout(looking);
    const mine = (looks += 1);
    let found;
    try {
      found = await ask(ENDPOINT);
    } catch (error) {
      signedOutBy(error.status === 401 ? 401 : 200);
    }
    if (mine !== looks) return; // asked again since: what comes later knows more
    for (const told of found?.rows ?? []) {
      const mine = [...rows.values()].find((r) => r.id === told.id || r.upload?.url?.endsWith(told.id));
      // Still being sent, or whole since the list was written: this page knows better.
      if (mine?.file && (told.state === "coming" || !["waiting", "reading"].includes(mine.state))) continue;
      const row = mine ?? { key: told.id, id: told.id, name: told.name, size: told.size_bytes, told: [] };
      rows.set(row.key, Object.assign(row, { id: told.id, sent: told.offset, told: told.told }));
      set(row, told.state);
    }
    const known = new Set((found?.rows ?? []).map((r) => r.id));
    if (found) for (const row of rows.values()) if (row.id && !row.file && !known.has(row.id)) remove(row);
    if ([...rows.values()].some((r) => ["waiting", "reading"].includes(r.state)) || !found) looking = setTimeout(look, LOOK_MS);
    all();
  }

  async function drop(row) {
    row.upload?.abort();
    const id = row.id ?? row.upload?.url?.split("/").at(-1);
    if (id) {
      const answer = await fetch(`${ENDPOINT}/${id}`, { method: "DELETE", headers: { ...headers(), "Tus-Resumable": "1.0.0" } }).catch(() => undefined);
      if (!answer || !(answer.ok || answer.status === 404)) return say(wordsOf(await answer?.text()) ?? "The server does not answer.");
    }
    remove(row);
    next();
  }

  // -- what is shown

  function set(row, state, { later = false } = {}) {
    row.state = state;
    if (state !== "failed" && !later) row.words = undefined;
    draw(row);
  }

  function remove(row) {
    row.item?.remove();
    rows.delete(row.key);
    all();
  }

  function draw(row) {
    if (!row.item) {
      row.item = document.createElement("li");
      row.item.innerHTML = '<b></b><button></button><span class="now"></span><progress max="1"></progress><ul class="told"></ul>';
      row.item.querySelector("button").addEventListener("click", () => drop(row));
      row.item.querySelector("b").textContent = row.name;
      row.item.querySelector("progress").setAttribute("aria-label", `${row.name}: how much is sent`);
      $("uploads").prepend(row.item);
    }
    row.item.dataset.state = row.state;
    row.item.querySelector(".now").textContent = nowOf(row, paused);
    const bar = row.item.querySelector("progress"), button = row.item.querySelector("button"), lines = row.item.querySelector(".told");
    bar.hidden = !["queued", "sending", "coming"].includes(row.state);
    bar.value = row.sent / row.size;
    button.textContent = DONE.has(row.state) ? "Take off the list" : "Give up";
    button.setAttribute("aria-label", `${button.textContent}: ${row.name}`);
    button.hidden = row.state === "reading";
    lines.replaceChildren(...(row.told ?? []).map(({ words }) => Object.assign(document.createElement("li"), { textContent: words })));
    lines.hidden = !row.told?.length;
  }

  function all() {
    const mine = [...rows.values()];
    $("whole").hidden = !mine.length;
    const { sent, size, files, over } = whole(mine);
    $("all").value = size ? sent / size : 1;
    const speed = rate.of(performance.now() / 1000), going = mine.some((r) => r.state === "sending");
    const time = going && speed ? `, ${bytes(speed)}/s, ${left((size - sent) / speed)} left` : "";
    $("all-words").textContent = size ? `${bytes(sent)} of ${bytes(size)} sent, ${files} file${files === 1 ? "" : "s"} to go${paused ? ", paused" : time}` : `Nothing left to send; ${over} done`;
    $("pause").textContent = paused ? "Go on" : "Pause";
    $("pause").hidden = !mine.some((r) => ["queued", "sending"].includes(r.state));
    $("tidy").hidden = !over;
  }

  const say = (words) => {
    $("said").textContent = words;
    $("said").hidden = !words;
  };

  $("pause").addEventListener("click", () => {
    paused = !paused;
    if (paused) for (const row of rows.values()) if (row.state === "sending") hold(row);
    if (!paused) say("");
    rows.forEach(draw);
    next();
  });
  $("tidy").addEventListener("click", () => [...rows.values()].filter((r) => DONE.has(r.state)).forEach(drop));
  $("files").addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = "";
  });
  const zone = $("drop");
  for (const type of ["dragenter", "dragover"]) zone.addEventListener(type, (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  for (const type of ["dragleave", "drop"]) zone.addEventListener(type, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  $("facts").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeunload", (event) => [...rows.values()].some((r) => r.state === "sending") && event.preventDefault());
  look();
  document.documentElement.dataset.ready = "1";
}

/** Pure: why a file is not even begun, or undefined. */
export function refusal(file, limits) {
  if (!limits.endings.some((ending) => file.name.toLowerCase().endsWith(ending))) return `expected one of ${limits.endings.join(", ")}`;
  if (!file.size) return "it is empty";
  if (file.size > limits.file_mb * 1e6) return `it has ${bytes(file.size)}, at most ${bytes(limits.file_mb * 1e6)} are taken`;
  return undefined;
}

/** Pure: how one stands, in words. */
export function nowOf(row, paused) {
  if (row.words) return row.words;
  const state = row.state === "queued" && paused ? "paused" : row.state;
  if (state === "sending" || state === "paused") return `${bytes(row.sent)} of ${bytes(row.size)}${state === "paused" ? ", paused" : ""}`;
  if (state === "coming") return `unfinished: ${bytes(row.sent)} of ${bytes(row.size)} are here; choose the same file again to go on`;
  return `${bytes(row.size)}, ${WORDS[state]}`;
}

function wordsOf(body) {
  try {
    return JSON.parse(body).error;
  } catch {
    return undefined;
  }
}
