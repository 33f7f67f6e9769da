// What `vigia bench play` counts frames with: the same for whoever draws.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";

/** The script in a world of its own, where a frame takes as long as `frame` says and does what it does. */
function browser(frame) {
  const world = vm.createContext({ now: 0, number: 0 });
  class WebGL2RenderingContext {
    drawElements(n) {
      return n + 1;
    }
  }
  Object.assign(world, { WebGL2RenderingContext, performance: { now: () => world.now }, context: new WebGL2RenderingContext() });
  world.requestAnimationFrame = (done) => queueMicrotask(() => {
    world.now += frame(world, world.number++);
    done();
  });
  vm.runInContext(readFileSync(new URL("../../benchmarks/frames.js", import.meta.url), "utf8"), world);
  return world;
}

test("a frame counts when something was drawn in it, and as moved when it shows another picture", async () => {
  let picture = 0;
  const world = browser(({ context }, i) => {
    if (i % 2) context.drawElements(1);
    if (i % 4 === 1) picture++;
    return 100;
  });
  const told = await world.countFrames(4, () => picture, () => picture * 10);
  assert.equal(told.s, 4);
  assert.equal(told.animation, 10);
  assert.equal(told.frames, 5);
  assert.equal(told.moved, 2.5);
  assert.equal(told.p50_ms, 100);
  assert.equal(told.played, 25);
});

test("a frame longer than the time is counted whole", async () => {
  const world = browser(({ context }) => {
    context.drawElements(1);
    return 20_000;
  });
  const told = await world.countFrames(1, () => world.now, () => 0);
  assert.equal(told.s, 20);
  assert.equal(told.frames, 0.05);
  assert.equal(told.worst_ms, 20_000);
});

test("what draws is told what it was before", () => {
  assert.equal(browser(() => 1).context.drawElements(1), 2);
});
