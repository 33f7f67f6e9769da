// The page of feeds keeps itself up to date: its own address again, every few seconds; what is typed or scrolled stays.
const EVERY_MS = 3000;

async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => undefined);
  const summary = document.querySelector("header p");
  if (!answer?.ok) {
    summary.textContent = answer?.status === 401 ? "Signed out" : "The server does not answer: what stands here is old";
    return;
  }
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const where of ["header p", "tbody"]) {
    const held = document.querySelector(where), fresh = next.querySelector(where);
    if (held && fresh) held.replaceWith(fresh);
  }
}

setInterval(renew, EVERY_MS);
