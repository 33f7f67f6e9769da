// Taking an area along: its records, its ground, its pictures, each kept as it comes; all of it is there or nothing.
import { headers, Refused, signedOutBy } from "../api.mjs";
import { layerQuery } from "../choices.mjs";
import { purposeHeaders } from "../purpose.mjs";
import { finish, put, remove, whileTaking } from "./kept.mjs";

const AT_ONCE = 4, TOGETHER = 40; // tiles asked for at once, and written in one go

/** The bytes of an address; `came(n)` as they do. Throws Refused with the server's words, AbortError when it was called off. */
export async function brought(url, { signal, also = {}, came = () => {} }) {
  let answer;
  try {
    answer = await fetch(url, { signal, headers: { ...headers(), ...also } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer.");
  }
  if (!answer.ok) {
    signedOutBy(answer.status);
    throw new Refused(answer.status, (await answer.json().catch(() => undefined))?.error ?? `The server said ${answer.status}.`);
  }
  if (answer.status === 204) return { bytes: new ArrayBuffer(0), answer };
  const parts = [], reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      if (error.name === "AbortError") throw error;
      throw new Refused(0, "The link broke before all of it was here.");
    });
    if (done) break;
    parts.push(value);
    came(value.byteLength);
  }
  return { bytes: await new Blob(parts).arrayBuffer(), answer };
}

/**
 * Take it. `plan` as /api/taking told it for `query`; `choices` those it was told for; `progress(bytes)` as they come.
 * Gives the area; throws what went wrong, and then nothing of it is kept.
 */
export function take({ plan, query, choices, name, owner, why, signal, progress }) {
  const id = crypto.randomUUID();
  return whileTaking(async () => {
    try {
      return await taken();
    } catch (error) {
      await remove(id).catch(() => {}); // what is left of it goes with the next sweep
      throw error;
    }
  }, () => { throw new Refused(0, "Another tab takes an area along: wait until it is done."); });

  async function taken() {
    let came = 0;
    const more = (n) => progress((came += n));
    const { bytes, answer } = await brought(`/api/taking/records?${query}`, { signal, also: purposeHeaders(why), came: more });
    const { about } = JSON.parse(new TextDecoder().decode(bytes));
    await put(id, [["records", bytes]]);
    let kept = bytes.byteLength;
    for (const { file } of plan.basemap.files) {
      const { bytes: ground } = await brought(`/api/taking/basemap/${encodeURIComponent(file)}?bbox=${plan.bbox.join(",")}`, { signal, came: more });
      await put(id, [[`basemap/${file}`, ground]]);
      kept += ground.byteLength;
    }
    kept += await pictures(more);
    const area = { id, owner, name, bytes: kept, bbox: plan.bbox, zoom_from: plan.zoom_from, parts: plan.basemap.parts, files: plan.basemap.files.map((f) => f.file),
      imagery_zoom: plan.imagery ? Math.max(0, ...plan.imagery.tiles.map(([z]) => z)) : undefined, pictures: plan.imagery?.tiles.length ?? 0, release: answer.headers.get("x-release") ?? undefined,
      ...Object.fromEntries(["world", "filter", "marking", "taken_at", "expires_at", "because", "numbers", "tracks_from", "tracks_to"].map((key) => [key, about[key]])) };
    signal?.throwIfAborted();
    await finish(area);
    return area;
  }

  async function pictures(more) {
    const tiles = [...(plan.imagery?.tiles ?? [])], asked = layerQuery(choices, "imagery");
    let kept = 0, waiting = [];
    const flush = async () => {
      const now = waiting;
      waiting = [];
      if (now.length) await put(id, now);
    };
    const work = async () => {
      for (let tile = tiles.shift(); tile; tile = tiles.shift()) {
        const { bytes } = await brought(`/api/tiles/imagery/${tile.join("/")}.webp?${asked}`, { signal, came: more });
        kept += bytes.byteLength;
        waiting.push([`imagery/${tile.join("/")}`, bytes]);
        if (waiting.length >= TOGETHER) await flush();
      }
    };
    // One that failed ends the others: nothing is asked for in vain.
    await Promise.all(Array.from({ length: AT_ONCE }, () => work().catch((error) => {
      tiles.length = 0;
      throw error;
    })));
    await flush();
    return kept;
  }
}
