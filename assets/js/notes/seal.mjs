// A note and its photo as one sealed piece: AES-GCM under a key of the person that no script can read out. docs/notes.md says what that protects, and what it does not.

const bytes = (text) => new TextEncoder().encode(text);

/** Pure: a note and its photo in one row of bytes: four that say how long the JSON is, the JSON, the photo. */
export function packed(note, photo) {
  const line = bytes(JSON.stringify({ note, type: photo?.type })), out = new Uint8Array(4 + line.length + (photo?.bytes.byteLength ?? 0));
  new DataView(out.buffer).setUint32(0, line.length);
  out.set(line, 4);
  if (photo) out.set(new Uint8Array(photo.bytes), 4 + line.length);
  return out;
}

/** Pure: the same again. */
export function unpacked(all) {
  const out = new Uint8Array(all), long = new DataView(out.buffer, out.byteOffset).getUint32(0);
  const { note, type } = JSON.parse(new TextDecoder().decode(out.subarray(4, 4 + long)));
  return { note, photo: type ? { type, bytes: out.slice(4 + long).buffer } : undefined };
}

export const newKey = (subtle) => subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

/** Sealed for the note of this id alone. Without a key (a page that is not served safely has no cryptography) it is kept as it is, and says so. */
export async function sealed({ subtle, key, id, note, photo }) {
  const plain = packed(note, photo);
  if (!key) return { sealed: false, data: plain.buffer };
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { sealed: true, iv, data: await subtle.encrypt({ name: "AES-GCM", iv, additionalData: bytes(id) }, key, plain) };
}

/** Throws when it is not this person's, or not what was sealed. */
export async function opened({ subtle, key, id, content }) {
  return unpacked(content.sealed ? await subtle.decrypt({ name: "AES-GCM", iv: content.iv, additionalData: bytes(id) }, key, content.data) : content.data);
}

/** The label of an account: it keeps rows apart in the store, and is no secret. */
export async function labelOf(subtle, origin, id) {
  const told = `${origin} person:${id}`;
  if (!subtle) return told;
  return [...new Uint8Array(await subtle.digest("SHA-256", bytes(told)))].map((b) => b.toString(16).padStart(2, "0")).join("");
}
