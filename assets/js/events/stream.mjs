// Messages of the stream by name, for the events alone; assets/js/live/stream.mjs gives the same `on` for all of a browser's tabs.

/** `on(name, (data) => …)` hears messages of that name; `close` ends it. The browser opens it again by itself, and goes on where it was. */
export function openStream(query) {
  const source = new EventSource(`/api/stream?${query}`);
  return {
    on: (name, handler) => source.addEventListener(name, (message) => handler(JSON.parse(message.data))),
    close: () => source.close(),
  };
}
