"""Controls to choices and back, all in the browser (assets/bridge.js); no server is asked.

The URL is the state: a control only proposes a change (`vigia.*`), and every control is set from the choices again.
"""

from __future__ import annotations

from dash import ALL, ClientsideFunction, Dash, Input, Output, State

from layouts import ids


def vigia(function: str) -> ClientsideFunction:
    return ClientsideFunction("vigia", function)


def include(app: Dash) -> None:
    # Start: the browser's side reads the URL, mounts the map and answers with the first choices.
    app.clientside_callback(vigia("boot"), Input(ids.BOOT, "data"))

    # A control proposes.
    for control, function in (
        (ids.WORLD, "set_world"), (ids.PERIOD, "set_period"), (ids.DRUG, "set_drug"), (ids.KIND, "set_kind"),
        (ids.AMOUNT, "set_amount"), (ids.AGENCY, "set_agency"), (ids.CONVEYANCE, "set_conveyance"), (ids.TEXT, "set_text"),
        (ids.THEME, "set_theme"),
    ):
        app.clientside_callback(vigia(function), Input(control, "value"), prevent_initial_call=True)
    for button, function in (
        (ids.CLEAR, "clear_filters"), (ids.AREA, "draw_area"), (ids.AREA_CLEAR, "clear_area"),
        (ids.RAIL_TOGGLE, "toggle_rail"), (ids.SHOW, "toggle_rail"), (ids.DRAWER_TOGGLE, "toggle_drawer"),
    ):
        app.clientside_callback(vigia(function), Input(button, "n_clicks"), prevent_initial_call=True)
    app.clientside_callback(
        vigia("toggle_layer"), Input({"part": "eye", "layer": ALL}, "n_clicks"), prevent_initial_call=True)
    app.clientside_callback(
        vigia("move_layer"), Input({"part": "order", "layer": ALL, "way": ALL}, "n_clicks"), prevent_initial_call=True)
    app.clientside_callback(
        vigia("set_opacity"), Input({"part": "opacity", "layer": ALL}, "value"), prevent_initial_call=True)

    # Choices set the controls.
    app.clientside_callback(
        vigia("controls"),
        Output(ids.WORLD, "value"), Output(ids.PERIOD, "value"), Output(ids.DRUG, "value"), Output(ids.KIND, "value"),
        Output(ids.AMOUNT, "value"), Output(ids.AGENCY, "value"), Output(ids.CONVEYANCE, "value"), Output(ids.TEXT, "value"),
        Output(ids.THEME, "value"), Output(ids.AMOUNT_WORDS, "children"),
        Output(ids.CLEAR, "children"), Output(ids.CLEAR, "disabled"), Output(ids.AREA_CLEAR, "hidden"),
        Input(ids.CHOICES, "data"), prevent_initial_call=True,
    )
    app.clientside_callback(
        vigia("layer_controls"),
        Output({"part": "eye", "layer": ALL}, "aria-pressed"), Output({"part": "opacity", "layer": ALL}, "value"),
        Output({"part": "row", "layer": ALL}, "style"),
        Input(ids.CHOICES, "data"), State({"part": "row", "layer": ALL}, "id"), prevent_initial_call=True,
    )
