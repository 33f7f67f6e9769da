// What the page is waiting for, or what did not come: one line, and the old picture stays.

const QUIET_MS = 300;
const WORDS_MS = 3000;
const SAID_MS = 10_000;

export function createStatus(box, { retry }) {
  const waiting = new Map(); // what is asked for, and since when: the newest question of each name
  const failed = new Map();
  let timer, said, saidTimer;

  function draw() {
    clearTimeout(timer);
    const now = performance.now();
    const oldest = Math.min(...[...waiting.values()].map(({ since }) => since));
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
    /** Follow a promise by name; what it gives goes through. One that another of its name has replaced says no more: that one is still waited for. */
    async follow(what, promise) {
      const mine = { since: performance.now() };
      waiting.set(what, mine);
      draw();
      const ends = (act) => {
        if (waiting.get(what) !== mine) return;
        waiting.delete(what);
        act();
        draw();
      };
      try {
        const got = await promise;
        ends(() => failed.delete(what));
        return got;
      } catch (error) {
        ends(() => failed.set(what, error.message));
        return undefined;
      }
    },
    /** A line that is no error. One that `stays` does so until another is said: nobody asked for it, so nobody waits for it. */
    say(words, { stays = false } = {}) {
      clearTimeout(saidTimer);
      said = words;
      if (!stays) saidTimer = setTimeout(() => {
        said = undefined;
        draw();
      }, SAID_MS);
      draw();
    },
  };
}
