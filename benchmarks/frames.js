// Put into a page before its own scripts: counts what is drawn, the same way whoever draws.
(() => {
  let drawn = false;
  for (const context of [globalThis.WebGLRenderingContext, globalThis.WebGL2RenderingContext]) {
    for (const name of ["drawArrays", "drawElements", "drawArraysInstanced", "drawElementsInstanced", "drawRangeElements"]) {
      const own = context?.prototype[name];
      if (own) context.prototype[name] = function (...args) {
        drawn = true;
        return own.apply(this, args);
      };
    }
  }
  /**
   * For `seconds`: animation frames, frames in which WebGL drew, of these the ones with another `picture()` than before, and the clock's way.
   * The measuring ends with a frame, so that a slow frame is counted whole.
   */
  globalThis.countFrames = async (seconds, picture, at) => {
    const next = () => new Promise(requestAnimationFrame);
    await next();
    drawn = false;
    const begin = performance.now(), from = at(), gaps = [];
    let last = begin, frames = 0, moved = 0, before = picture();
    while (last - begin < seconds * 1000) {
      await next();
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (!drawn) continue;
      drawn = false;
      frames++;
      const newest = picture();
      moved += newest !== before;
      before = newest;
    }
    const s = (last - begin) / 1000;
    gaps.sort((a, b) => a - b);
    return { s, animation: gaps.length / s, frames: frames / s, moved: moved / s, p50_ms: gaps[gaps.length >> 1], worst_ms: gaps.at(-1), played: (at() - from) / s };
  };
})();
