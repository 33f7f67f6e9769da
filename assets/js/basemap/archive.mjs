// Archives of tiles, read by the part.
import { FetchSource, PMTiles, Protocol } from "../../vendor/pmtiles.mjs";

/**
 * Where an archive's bytes come from. Each part is asked for under an address of its own: for one address that may be
 * kept a browser lets one reader in at a time, the others wait, and after 20 s they fail ("Failed to fetch").
 */
export class Parts {
  #reload = false;

  constructor(url) {
    this.url = url;
  }

  getKey() {
    return this.url;
  }

  async getBytes(offset, length, signal, etag) {
    const source = new FetchSource(partUrl(this.url, offset, length));
    source.mustReload = this.#reload;
    try {
      return await source.getBytes(offset, length, signal, etag);
    } catch (error) {
      // The archive is another one since: what the browser kept of the old one must not be mixed with it.
      this.#reload ||= source.mustReload;
      throw error;
    }
  }
}

/** Pure: the address of `length` bytes from `offset` on. */
export const partUrl = (url, offset, length) => `${url}?bytes=${offset}-${offset + length - 1}`;

/** Pure: the archive that an address `pmtiles://…` of the map library means, with or without a tile at its end. */
export const archiveOf = (address) => address.replace(/^pmtiles:\/\//, "").replace(/\/\d+\/\d+\/\d+$/, "");

export const openArchive = (url) => new PMTiles(new Parts(url));

/** What the map library calls for `pmtiles://` addresses. */
export function archiveProtocol() {
  const protocol = new Protocol();
  return (request, controller) => {
    const url = archiveOf(request.url);
    if (!protocol.get(url)) protocol.add(openArchive(url));
    return protocol.tile(request, controller);
  };
}
