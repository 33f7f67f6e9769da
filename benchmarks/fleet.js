// Put into a page before its own scripts: long tasks of the main thread, and how long a fix takes from the stream to the map.
(() => {
  const long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries().map((e) => [e.startTime, e.duration]))).observe({ type: "longtask", buffered: true });
  const median = (values) => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;

  /** For `seconds`; `pan` px a frame sideways, there and back. What is set of the marks is drawn once a frame was rendered after `settled()`. */
  globalThis.measureFleet = async (seconds, pan, { set, settled }) => {
    const { map } = __vigia.view, waits = [], gaps = [], begin = performance.now();
    let heard, due, sets = 0, renders = 0;
    const fixes = () => { heard ??= performance.now(); };
    __vigia.live.also("fixes", fixes);
    const off = set(() => {
      sets += 1;
      if (due === undefined) [due, heard] = [heard, undefined];
    });
    const rendered = () => {
      renders += 1;
      if (due === undefined || !settled()) return;
      waits.push(performance.now() - due);
      due = undefined;
    };
    map.on("render", rendered);
    const camera = JSON.stringify([map.getCenter(), map.getZoom(), map.getBearing()]);
    let last = begin, n = 0;
    while (last - begin < 1000 * seconds) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      if (pan) map.panBy([Math.floor(n++ / 10) % 2 ? -pan : pan, 0], { animate: false });
    }
    map.off("render", rendered);
    off();
    const tasks = long.filter(([at]) => at >= begin).map(([, ms]) => ms), s = (last - begin) / 1000;
    return {
      sets: sets / s, frames: gaps.length / s, renders: renders / s, frame_p50_ms: median(gaps), frame_worst_ms: Math.max(...gaps), drawn_p50_ms: median(waits), drawn_worst_ms: Math.max(NaN, ...waits),
      task_worst_ms: Math.max(0, ...tasks), task_share: tasks.reduce((a, b) => a + b, 0) / (1000 * s), tasks: tasks.length / s,
      camera_moved: camera !== JSON.stringify([map.getCenter(), map.getZoom(), map.getBearing()]),
    };
  };
})();
