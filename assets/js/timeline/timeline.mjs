// The timeline: three lanes on one axis, the window with its handles, the clock's hand, and the controls.
import { SPEEDS, nextSpeed, replayWords, speedWords } from "../clock.mjs";
import { moment, number } from "../times.mjs";
import { moved, spanOf, stepWords, ticks, tickWords, toTime, toX } from "./span.mjs";

const LANES = [["Seizures", "bars"], ["Movements", "area"], ["Imagery", "boxes"]];

/** Mount into a container. `act` is told what the person does: window(from,to), seek, play, pause, live, speed, step. */
export function createTimeline(container, { token, act }) {
  container.innerHTML = `
    <div class="tl-head">
      <div class="tl-play">
        <button class="tl-step" data-act="back" title="One bin back (←)" aria-label="One bin back"></button>
        <button class="tl-go" data-act="play" title="Play or pause (space)" aria-label="Play"></button>
        <button class="tl-step on" data-act="on" title="One bin on (→)" aria-label="One bin on"></button>
        <label class="tl-label">Speed <select data-act="speed" aria-label="Speed">${SPEEDS.map((s) => `<option value="${s}">${speedWords(s)}</option>`).join("")}</select></label>
      </div>
      <button class="tl-live" data-act="live" aria-pressed="true"><i></i><span>Live</span></button>
      <button class="tl-known" data-act="known" aria-haspopup="dialog" aria-expanded="false" aria-label="Known at…" title="Show only what was recorded by a time">
        <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M4.6 6.2A7 7 0 1 1 3 10M4.2 2.6v3.8H8M10 6v4.2l2.8 1.8"/></svg><span>Known at…</span></button>
      <p class="tl-words" aria-live="off"></p>
      <p class="tl-under"></p>
      <p class="tl-counts"></p>
    </div>
    <div class="tl-body">
      <div class="tl-lanes">${LANES.map(([name]) => `<div><span>${name}</span><small></small></div>`).join("")}</div>
      <div class="tl-plot" role="group" aria-label="Timeline"><i class="tl-clock" role="slider" tabindex="0" aria-label="Clock"></i>
        <canvas aria-hidden="true"></canvas>
        <div class="tl-window"><i class="tl-grip from" role="slider" tabindex="0" aria-label="Start of the window"></i><i class="tl-grip to" role="slider" tabindex="0" aria-label="End of the window"></i></div>
        <div class="tl-hand"></div>
      </div>
    </div>`;
  const $ = (selector) => container.querySelector(selector);
  const plot = $(".tl-plot"), canvas = $("canvas"), box = $(".tl-window"), hand = $(".tl-hand");
  const units = [...container.querySelectorAll(".tl-lanes small")];
  const view = { lanes: undefined, from: 0, to: 1, world: [0, 1], span: [0, 1], at: undefined, playing: false, live: true, speed: 600, drag: undefined };

  const width = () => plot.clientWidth;
  const step = () => view.lanes?.step_s || (view.to - view.from) / 56;

  function paint() {
    const w = width(), h = plot.clientHeight, ratio = window.devicePixelRatio || 1;
    if (!w || !h) return;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    const g = canvas.getContext("2d");
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, w, h);
    const rows = { seizures: [4, h * 0.44], movements: [h * 0.5, h * 0.68], imagery: [h * 0.72, h * 0.82], axis: h * 0.84 };
    axis(g, w, h, rows);
    if (view.lanes?.bins) {
      bars(g, w, rows.seizures);
      area(g, w, rows.movements);
    }
    boxes(g, w, rows.imagery);
    place();
  }

  function axis(g, w, h, rows) {
    const { step: every, times } = ticks(view.span, Math.max(2, Math.floor(w / 110)));
    g.strokeStyle = token("line");
    g.fillStyle = token("t3");
    g.font = '12px "IBM Plex Sans", sans-serif';
    g.textBaseline = "top";
    g.lineWidth = 1;
    for (const t of times) {
      const x = Math.round(toX(t, view.span, w)) + 0.5;
      g.beginPath();
      g.moveTo(x, 0);
      g.lineTo(x, rows.axis);
      g.stroke();
      const words = tickWords(t, every, view.span[1]);
      g.textAlign = "center";
      if (x > 24 && x < w - 24) g.fillText(words, x, rows.axis + 3);
    }
    g.beginPath();
    g.moveTo(0, Math.round(rows.axis) + 0.5);
    g.lineTo(w, Math.round(rows.axis) + 0.5);
    g.stroke();
  }

  const inside = (t) => t >= view.from && t < view.to;

  function bars(g, w, [top, bottom]) {
    const { seizures, start, step_s } = view.lanes;
    const begin = Date.parse(start) / 1000, most = Math.max(1, ...seizures);
    seizures.forEach((n, i) => {
      if (!n) return;
      const t = begin + i * step_s;
      const x0 = toX(t, view.span, w), x1 = toX(t + step_s, view.span, w);
      if (x1 < 0 || x0 > w) return;
      const height = Math.max(2, (n / most) * (bottom - top));
      g.globalAlpha = inside(t + step_s / 2) ? 1 : 0.38;
      g.fillStyle = token("hot2");
      g.fillRect(x0, bottom - height, Math.max(1, x1 - x0 - (x1 - x0 > 4 ? 1 : 0)), height);
    });
    g.globalAlpha = 1;
    units[0].textContent = `per ${stepWords(step_s)}, highest ${number(most)}`;
  }

  function area(g, w, [top, bottom]) {
    const { movements, start, step_s } = view.lanes;
    const begin = Date.parse(start) / 1000, most = Math.max(1, ...movements);
    const points = movements.map((n, i) => [toX(begin + (i + 0.5) * step_s, view.span, w), bottom - (n / most) * (bottom - top)]);
    const trace = () => {
      g.beginPath();
      points.forEach(([x, y], i) => (i ? g.lineTo(x, y) : g.moveTo(x, y)));
    };
    for (const [x0, x1, alpha] of [[0, toX(view.from, view.span, w), 0.38], [toX(view.from, view.span, w), toX(view.to, view.span, w), 1], [toX(view.to, view.span, w), w, 0.38]]) {
      if (x1 <= x0) continue;
      g.save();
      g.beginPath();
      g.rect(x0, 0, x1 - x0, bottom + 2);
      g.clip();
      g.globalAlpha = alpha;
      trace();
      g.strokeStyle = token("track-sea");
      g.lineWidth = 1.4;
      g.stroke();
      g.lineTo(points.at(-1)[0], bottom);
      g.lineTo(points[0][0], bottom);
      g.closePath();
      g.globalAlpha = alpha * 0.1;
      g.fillStyle = token("track-sea");
      g.fill();
      g.restore();
    }
    units[1].textContent = `fixes per ${stepWords(step_s)}`;
  }

  function boxes(g, w, [top, bottom]) {
    g.lineWidth = 1;
    for (const image of view.lanes?.images ?? []) {
      const t = Date.parse(image.captured_at) / 1000;
      const x = toX(t, view.span, w);
      g.globalAlpha = inside(t) ? 1 : 0.38;
      g.strokeStyle = token("t2");
      g.strokeRect(Math.round(x - 3) + 0.5, Math.round(top) + 0.5, 6, Math.round(bottom - top));
    }
    g.globalAlpha = 1;
    units[2].textContent = "images";
  }

  function place() {
    const w = width();
    const x0 = toX(view.from, view.span, w), x1 = toX(view.to, view.span, w);
    box.style.left = `${x0}px`;
    box.style.width = `${Math.max(2, x1 - x0)}px`;
    const at = view.at ?? view.to;
    hand.style.transform = `translateX(${toX(at, view.span, w)}px)`;
    hand.hidden = view.live;
    container.querySelectorAll(".tl-grip").forEach((grip, i) => {
      const t = [view.from, view.to][i];
      grip.setAttribute("aria-valuemin", String(Math.round(view.span[0])));
      grip.setAttribute("aria-valuemax", String(Math.round(view.span[1])));
      grip.setAttribute("aria-valuenow", String(Math.round(t)));
      grip.setAttribute("aria-valuetext", `${moment(t)} UTC`);
    });
    const clock = $(".tl-clock");
    clock.setAttribute("aria-valuemin", String(Math.round(view.from)));
    clock.setAttribute("aria-valuemax", String(Math.round(view.to)));
    clock.setAttribute("aria-valuenow", String(Math.round(at)));
    clock.setAttribute("aria-valuetext", `${moment(at)} UTC`);
  }

  function words() {
    // The year once, with the last time; with the first too when that lies in another.
    const bold = (t, how) => `<b>${moment(t, { thisYear: 0, ...how })}</b>`;
    const thisYear = new Date(view.to * 1000).getUTCFullYear();
    $(".tl-words").innerHTML = view.live ? `${bold(view.from, { thisYear })} to ${bold(view.to)} UTC` : `${bold(view.at, { secondsToo: true })} UTC`;
    $(".tl-live span").textContent = view.live ? "Live" : view.waiting && view.playing ? "Loading…" : replayWords(view.speed, view.playing ? view.pace : undefined);
    $(".tl-live").setAttribute("aria-pressed", String(view.live));
    $(".tl-go").classList.toggle("playing", view.playing);
    $(".tl-go").setAttribute("aria-label", view.playing ? "Pause" : "Play");
    $("select").value = String(view.speed);
  }

  // -- what a person does

  container.addEventListener("click", (event) => {
    const what = event.target.closest("[data-act]")?.dataset.act;
    if (what === "play") act[view.playing ? "pause" : "play"]();
    else if (what === "back") act.seek((view.at ?? view.to) - step());
    else if (what === "on") act.seek((view.at ?? view.to) + step());
    else if (what === "live") act.live();
  });
  $("select").addEventListener("change", (event) => act.speed(Number(event.target.value)));

  plot.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".tl-grip");
    const x = event.clientX - plot.getBoundingClientRect().left;
    const t = toTime(x, view.span, width());
    view.drag = grip ? { what: grip.classList.contains("from") ? "from" : "to" } : event.shiftKey ? { what: "window", t, from: view.from, to: view.to } : { what: "seek" };
    plot.setPointerCapture(event.pointerId);
    if (view.drag.what === "seek") act.seek(t);
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => {
    if (!view.drag) return;
    const x = event.clientX - plot.getBoundingClientRect().left;
    const t = Math.min(view.span[1], Math.max(view.span[0], toTime(x, view.span, width())));
    if (view.drag.what === "seek") act.seek(t);
    else if (view.drag.what === "from") view.from = Math.min(t, view.to - 60);
    else if (view.drag.what === "to") view.to = Math.max(t, view.from + 60);
    else [view.from, view.to] = moved(view.drag.from, view.drag.to, t - view.drag.t, ...view.world);
    if (view.drag.what !== "seek") {
      words();
      paint();
    }
  });
  plot.addEventListener("pointerup", () => {
    const what = view.drag?.what;
    view.drag = undefined;
    if (what && what !== "seek") act.window(snapped(view.from), snapped(view.to));
  });
  // Windows end on whole minutes: two people who drag to the same place mean the same time.
  const snapped = (t) => Math.round(t / 60) * 60;

  container.addEventListener("keydown", (event) => {
    const grip = event.target.closest?.(".tl-grip");
    if (!grip) return;
    const by = { ArrowLeft: -step(), ArrowRight: step() }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    if (grip.classList.contains("from")) act.window(snapped(Math.min(view.from + by, view.to - 60)), view.to);
    else act.window(view.from, snapped(Math.max(view.to + by, view.from + 60)));
  });

  const resized = new ResizeObserver(paint);
  resized.observe(plot);

  return {
    step,
    /** The window, and what the world holds. */
    window(from, to, world) {
      if (view.drag && view.drag.what !== "seek") return;
      Object.assign(view, { from, to, world, span: spanOf(from, to, ...world) });
      words();
      paint();
    },
    span: () => view.span,
    lanes(lanes) {
      view.lanes = lanes;
      paint();
    },
    clock(at, { playing, live, speed, waiting = false, pace }) {
      Object.assign(view, { at, playing, live, speed, waiting, pace });
      words();
      place();
    },
    /** How many marks are not drawn, for they would be under others. */
    under(text) {
      if ($(".tl-under").textContent !== text) $(".tl-under").textContent = text;
    },
    counts(text) {
      $(".tl-counts").innerHTML = text;
    },
    faster: () => act.speed(nextSpeed(view.speed, 1)),
    slower: () => act.speed(nextSpeed(view.speed, -1)),
    shift: (way) => act.window(...moved(view.from, view.to, way * (view.to - view.from), ...view.world)),
    repaint: paint,
  };
}
