"""What a server needs in its database and its folder before it can show anything; run aside by `up`."""

from __future__ import annotations

from settings import store


def everything(owner_url: str, *, own: bool, exercise: bool, progress) -> list[str]:
    """Tables, basemap, reference data, and on the first start the exercise. A line for each part of the map that failed.

    `own` says that the database is of an own server, whose serving role we may have to make.
    """
    from data import migrations, prepared, reference, roles
    from feeds import exercise as exercise_feed

    if own:
        roles.prepare(owner_url)
    migrations.upgrade(owner_url)
    roles.ensure_safe(owner_url)
    failed = basemap(progress=progress)
    reference.load(owner_url, store().basemap, progress)
    if exercise:
        exercise_feed.ensure(owner_url, progress)
    if not failed:  # a part that failed is tried again by the next start
        prepared.keep(owner_url, prepared.stamp(store().basemap, exercise=exercise))
    return failed


def basemap(*, progress) -> list[str]:
    """The offline basemap, kept between starts. A line for each part that failed."""
    from basemap.build import build

    return build(store().basemap, progress)
