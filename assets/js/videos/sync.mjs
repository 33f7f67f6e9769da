// A film in step with the page's one clock, both ways: the clock moves the film, and what a person does with the film moves the clock.

export const RATE_MIN = 0.0625, RATE_MAX = 16; // what browsers play; at any other speed the film goes in steps
const STILL_S = 0.03, DRIFT_S = 0.3;

/** Pure: whether a film (`from`, `to` in epoch seconds) shows this moment. */
export const covers = (film, at) => at !== undefined && at >= film.from && at <= film.to;

/** Pure: what the film has to do for a clock: play or not, how fast, and where to go when it is too far off. */
export function stepFor(film, { at, playing, speed }, { currentTime, seeking }) {
  if (at === undefined) return { play: false, rate: 1, seek: undefined };
  const want = Math.min(film.to - film.from, Math.max(0, at - film.from));
  const play = playing && covers(film, at) && speed >= RATE_MIN && speed <= RATE_MAX;
  const off = Math.abs(currentTime - want);
  return { play, rate: play ? speed : 1, seek: !seeking && off > (play ? DRIFT_S * Math.max(1, speed) : STILL_S) ? want : undefined };
}

/** Keeps `video` (an element) and `clock` together until `stop`. `clock` has seek, play, pause, speed; `follow` is called with each of its ticks. */
export function inStep(video, film, clock, say = () => {}) {
  const ours = { playing: false, seek: undefined, rate: video.playbackRate };
  let stopped = false;

  const heard = {
    seeking() {
      if (ours.seek !== undefined && Math.abs(video.currentTime - ours.seek) < 0.05) return;
      ours.seek = undefined;
      clock.seek(film.from + video.currentTime);
    },
    seeked: () => { ours.seek = undefined; },
    play() {
      if (ours.playing) return;
      ours.playing = true;
      clock.speed(video.playbackRate);
      clock.seek(film.from + (video.currentTime >= film.to - film.from - STILL_S ? 0 : video.currentTime));
      clock.play();
    },
    pause() {
      // At its end the film stops by itself, and the clock goes on.
      if (!ours.playing || video.ended || video.seeking) return;
      ours.playing = false;
      clock.pause();
    },
    ratechange() {
      if (video.playbackRate === ours.rate) return;
      ours.rate = video.playbackRate;
      if (ours.playing) clock.speed(video.playbackRate);
    },
  };
  for (const [name, act] of Object.entries(heard)) video.addEventListener(name, act);

  return {
    follow(now) {
      if (stopped) return;
      const { play, rate, seek } = stepFor(film, now, video);
      if (rate !== ours.rate) video.playbackRate = ours.rate = rate;
      if (seek !== undefined) video.currentTime = ours.seek = seek;
      if (play === ours.playing) return;
      ours.playing = play;
      if (play) video.play().catch((error) => error.name === "AbortError" || say(`The film does not play: ${error.message}`));
      else video.pause();
    },
    /** Whether it shows what it is asked for: a clock that runs waits for it. */
    reaches: (at) => stopped || !ours.playing || !covers(film, at) || video.ended || video.error !== null || (!video.seeking && video.readyState >= 3),
    stop() {
      stopped = true;
      for (const [name, act] of Object.entries(heard)) video.removeEventListener(name, act);
      video.pause();
    },
  };
}
