"""What the serving role is given, and nothing else: tables it reads through their policies, and functions of the owner it may call."""

from __future__ import annotations

SERVED = (
    "agency", "alert", "alert_step", "border_section", "change", "change_candidate", "cover", "data_state", "event", "event_revision", "feed", "feed_state",
    "fix", "flow", "image", "image_offset", "latest_fix", "looker", "place", "reader", "rule", "run", "run_cell", "run_place", "saved_view", "segment", "seizure", "sortie", "source",
    "track", "unsettled", "video", "video_look", "watch_area", "zone_set",
)
ASKED = (
    "access.begin(text)", "access.renew(text)", "access.who(text)", "access.touch(text)", "access.facts(text)", "access.failed(int, int, int)",
    "access.open(int, bytea, int, int, text)", "access.by_subject(text)", "access.follow(text)", "access.enrol(text, bytea, int, text)", "access.close(text)",
    "access.admin_people(text)", "access.admin_screens(text)", "access.admin_operations(text)", "access.admin_agencies(text)",
    "access.admin_add(text, text, text, text[], int, text[])", "access.admin_link(text, int, bytea, int)", "access.admin_active(text, int, boolean)",
    "access.admin_sign_out(text, int)", "access.admin_screen(text, text, text, int, bytea)", "access.admin_revoke(text, int)",
    "access.change_password(text, text)", "audit.append(text[])", "audit.peaks()",
    "audit.keep_head(bigint, bytea, timestamptz, bytea, bytea)", "audit.salt_of(date, bytea)",
    "access.quarantined(text)", "access.seen(text)", "access.feed_of(text)", "audit.read(text, bigint, timestamptz, timestamptz, text, text, int)",
    "audit.heads(text, int)", "access.retention(text)", "access.admin_agency(text, text, text, text[])", "access.authorities(text)",
    "access.handovers(text)", "access.duties(text)", "access.warnings(text)", "access.authority_fixes(text, int, int, int)",
    "access.admin_operation(text, text, timestamptz, timestamptz)", "access.admin_share(text, int, text, text[], int)", "access.admin_end(text, int)",
    "access.house(text)", "access.release(text, text, text, text, text, text, text, int, bytea, text[], bytea[])",
    "access.releases(text, bigint, int)", "access.notices(text)", "access.alert_step(text, bigint[], text, text)", "access.watch_area_end(text, int)",
    "access.image_offset(text, bigint, bigint, real, real, real, real, text)", "access.image_offset_undo(text, bigint)",
    "access.change_keep(text, bigint, bigint, jsonb, jsonb)", "access.change_decide(text, bigint, text, text)",
    "access.watch_area(text, int, int, text, bytea, real, boolean, text, text, text, text[], text)",
    "access.rule(text, int, int, int, text, text, text, int[], text[], int[], bigint[], text, text[], text, boolean, text, text)", "access.rules_of(text, int)",
    "access.upload_begin(text, text, text, bigint, text, int, jsonb, int, bigint, text)", "access.uploads(text, text, int)", "access.upload_whole(text, text, text)",
    "access.upload_end(text, text, text)", "access.analyse_soon(text)", "access.zones_keep(text, int, int, text, timestamptz, timestamptz, jsonb, text, text)",
    "access.zones_lock(text, int, int)", "access.my_operations(text)", "access.saved_view_end(text, int, int)",
    "access.saved_view(text, int, int, int, text, text, text, boolean, text, text, text)", "access.short_link(text, text, text, int, int)",
    "access.short_link_open(text, text, boolean)", "access.short_links(text)", "access.short_link_revoke(text, bigint)",
    "access.screens(text)", "access.screen_make(text, text, text, int, bytea)", "access.screen_set(text, int, jsonb)", "access.screen_end(text, int)",
    "access.screen_told(text, text)", "access.screen_beat(text, jsonb, real)",
)
