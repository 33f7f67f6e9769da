// The service worker of the page: asked for when the map stands, so that the first picture never waits for it.

/** Pure: whether this browser, at this address, can have one. Plain HTTP can't, but to one's own machine. */
export const canWork = (view = globalThis) => Boolean(view.isSecureContext && view.navigator?.serviceWorker);

/** Register it, once the page is idle. Gives its registration; undefined where there can be none or it was refused. */
export async function startWorker(view = window) {
  if (!canWork(view)) return undefined;
  await idle(view);
  try {
    return await view.navigator.serviceWorker.register("/sw.js", { scope: "/", updateViaCache: "none" });
  } catch (error) {
    console.warn(`no service worker: ${error.message}`);
    return undefined;
  }
}

const LOOK_MS = 500;

async function idle(view) {
  while (view.document.documentElement.dataset.map !== "idle") await new Promise((done) => view.setTimeout(done, LOOK_MS));
}
