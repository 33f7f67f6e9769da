// Undo and redo of what a person chose, with where the camera stood; not of what the clock or the data changed.

export const MOST = 100;
const TOGETHER_MS = 800; // a slider that is dragged tells many values: they are one change

const of = (choices, keys) => Object.fromEntries([...keys].map((k) => [k, choices[k]]));

/** `camera()` is where it stands, `go(camera)` puts it there; `changed({back, forth})` tells how many steps there are. */
export function createUndo({ choices, camera, go, changed = () => {}, now = () => performance.now() }) {
  let back = [], forth = [], doing = false;
  const tell = () => changed({ back: back.length, forth: forth.length });

  choices.subscribe((after, keys, { before, by }) => {
    if (doing || by === "page") return;
    const last = back.at(-1), name = [...keys].sort().join(), at = now();
    if (last && last.name === name && keys.size === 1 && at - last.at < TOGETHER_MS) Object.assign(last, { after: of(after, keys), at });
    else back = [...back, { name, before: of(before, keys), after: of(after, keys), camera: camera(), at }].slice(-MOST);
    forth = [];
    tell();
  });

  function step(from, to, which, where, left) {
    const one = from.pop();
    if (!one) return false;
    one[left] = camera();
    one.at = -Infinity;
    doing = true;
    try {
      choices.set(one[which]);
    } finally {
      doing = false;
    }
    go(one[where]);
    to.push(one);
    tell();
    return true;
  }

  return {
    undo: () => step(back, forth, "before", "camera", "left"),
    redo: () => step(forth, back, "after", "left", "camera"),
  };
}
