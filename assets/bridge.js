// The one script Dash loads by itself. Dash may call before our modules are there, so every function waits for them.
(() => {
  const main = () => import("/assets/js/main.mjs");
  const none = () => window.dash_clientside.no_update;
  const triggered = () => window.dash_clientside.callback_context.triggered_id;
  const act = (name) => (...args) => main().then((m) => void m.acts[name](...args)).then(none);
  const proposal = (name) => (value) => main().then((m) => void m.propose(name, value)).then(none);
  // A pattern of controls: only the one that was touched counts, and only if a person touched it.
  const touched = (name) => (values) => {
    const id = triggered();
    if (!id || !window.dash_clientside.callback_context.triggered.some((t) => t.value)) return none();
    return main().then((m) => void m.acts[name](id)).then(none);
  };

  let shown;

  const vigia = {
    boot: () => main().then((m) => void m.boot()).then(none),
    controls: () => main().then((m) => m.controls()),
    layer_controls: (choices, ids) => main().then((m) => m.layerControls(ids)),
    toggle_layer: touched("toggle_layer"),
    move_layer: touched("move_layer"),
    set_opacity: () => {
      const [{ value }] = window.dash_clientside.callback_context.triggered;
      const id = triggered();
      return main().then((m) => void m.acts.set_opacity(id, value)).then(none);
    },
    dress_table: (table) => (table ? window.dash_ag_grid.getApiAsync("table").then((api) => main().then((m) => void m.dressTable(api))).then(none) : none()),
    counted: (told) => main().then((m) => void m.counted(told)).then(none),
    // Other choices of the view (what is chosen) change no row.
    refresh_table: (choices) => {
      const rows = `${choices?.query} ${choices?.state}`;
      if (!document.getElementById("table") || rows === shown) return none();
      shown = rows;
      return window.dash_ag_grid.getApiAsync("table").then((api) => void (choices.playing ? api.refreshInfiniteCache() : api.purgeInfiniteCache())).then(none);
    },
  };
  for (const name of ["set_world", "set_period", "set_drug", "set_kind", "set_amount", "set_agency", "set_conveyance", "set_text", "set_theme"]) vigia[name] = proposal(name);
  for (const name of ["clear_filters", "draw_area", "clear_area", "toggle_rail", "toggle_drawer"]) vigia[name] = act(name);
  window.dash_clientside = Object.assign({}, window.dash_clientside, { vigia });

  // What the table's cells show; dash-ag-grid looks these up by name.
  const two = (n) => String(n).padStart(2, "0");
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  window.dashAgGridFunctions = Object.assign(window.dashAgGridFunctions ?? {}, {
    vigiaTime(text) {
      if (!text) return "";
      const d = new Date(text);
      return `${d.getUTCDate()} ${months[d.getUTCMonth()]} ${d.getUTCFullYear()} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
    },
    vigiaNumber(value, digits) {
      return value === null || value === undefined ? "" : Number(value).toLocaleString("en-US", { maximumFractionDigits: digits });
    },
  });
  window.dashAgGridComponentFunctions = Object.assign(window.dashAgGridComponentFunctions ?? {}, {
    VigiaSymbol(props) {
      const name = props.value ?? "";
      const letter = { cocaine: "C", opioid: "F", ats: "M", cannabis: "K", heroin: "H", other: "O" }[name.slice(5)];
      const className = name.startsWith("drug-") ? `disc ${name}` : `symbol ${name}`;
      return window.React.createElement("span", { className, "aria-hidden": true }, name.startsWith("drug-") ? letter : null);
    },
  });
})();
