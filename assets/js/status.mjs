// What the page is waiting for, or what did not come: one line, and the old picture stays.

const QUIET_MS = 300;
const WORDS_MS = 3000;
const SAID_MS = 10_000;

export function createStatus(box, { retry }) {
  const waiting = new Map();
  const failed = new Map();
  let timer, said, saidTimer;

  function draw() {
    clearTimeout(timer);
    const now = performance.now();
    const oldest = Math.min(...waiting.values());
    box.replaceChildren();
    if (failed.size) {
      const [what, why] = failed.entries().next().value;
      const line = document.createElement("p");
      line.append(`${what} did not load: ${why}`);
      const again = document.createElement("button");
      again.className = "link";
      again.textContent = "Try now";
      again.addEventListener("click", () => {
        failed.clear();
        retry();
      });
      line.append(again);
      box.append(line);
    } else if (waiting.size && now - oldest > QUIET_MS) {
      const run = document.createElement("div");
      run.className = "run";
      box.append(run);
      if (now - oldest > WORDS_MS) {
        const line = document.createElement("p");
        line.className = "quiet";
        line.textContent = `Still fetching: ${[...waiting.keys()].join(", ").toLowerCase()}`;
        box.append(line);
      }
    }
    if (said && !failed.size) box.append(Object.assign(document.createElement("p"), { className: "quiet", textContent: said }));
    if (waiting.size) timer = setTimeout(draw, 250);
    document.documentElement.dataset.busy = String(waiting.size);
  }

  return {
    /** Follow a promise by name; what it gives goes through. */
    async follow(what, promise) {
      waiting.set(what, performance.now());
      draw();
      try {
        const got = await promise;
        failed.delete(what);
        return got;
      } catch (error) {
        failed.set(what, error.message);
        return undefined;
      } finally {
        waiting.delete(what);
        draw();
      }
    },
    /** A line that is no error. */
    say(words) {
      clearTimeout(saidTimer);
      said = words;
      saidTimer = setTimeout(() => {
        said = undefined;
        draw();
      }, SAID_MS);
      draw();
    },
  };
}
