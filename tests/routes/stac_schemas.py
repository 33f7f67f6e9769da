"""STAC's core schemas, from the installed pystac: no network."""

from __future__ import annotations

from jsonschema import Draft7Validator
from pystac.validation.local_validator import get_local_schema_cache
from referencing import Registry, Resource

KINDS = {"Feature": "item", "Catalog": "catalog", "Collection": "collection"}
_CACHE = get_local_schema_cache()
_REGISTRY = Registry().with_resources([(uri, Resource.from_contents(schema)) for uri, schema in _CACHE.items()])


def wrong(told: dict) -> list[str]:
    """What the schema of its type says against it."""
    name = KINDS[told["type"]]
    schema = next(schema for uri, schema in _CACHE.items() if uri.endswith(f"/{name}-spec/json-schema/{name}.json"))
    return [f"{'/'.join(map(str, e.path))}: {e.message}" for e in Draft7Validator(schema, registry=_REGISTRY).iter_errors(told)]
