"""Settings: small typed classes by concern, read from the environment (prefix VIGIA_) and `.env`.

Only the fields that `for_browser` names ever reach a page.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
BUILD = "0.2.0"


class _Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="VIGIA_", env_file=ROOT / ".env", extra="ignore")


class StoreSettings(_Base):
    """Where files made or kept at run time live."""

    home: Path = Field(default=ROOT / ".vigia", description="the private folder of this installation")

    @property
    def originals(self) -> Path:
        """Files as they came, read-only, named by their sha256."""
        return self.home / "originals"

    @property
    def imagery(self) -> Path:
        """The COGs that are served."""
        return self.home / "imagery"

    @property
    def basemap(self) -> Path:
        """The offline basemap: PMTiles archives, relief, and what was built for them."""
        return self.home / "basemap"

    @property
    def rejects(self) -> Path:
        """Rejects files of imports with --keep-good."""
        return self.home / "rejects"


class DatabaseSettings(_Base):
    """Which database. Without an address Vigia runs its own private cluster."""

    model_config = SettingsConfigDict(env_prefix="", env_file=ROOT / ".env", extra="ignore")

    database_url: str | None = Field(default=None, description="owner's address of an own server (postgresql://…)")
    vigia_pool_size: int = Field(default=8, ge=1, le=100)
    vigia_statement_timeout_ms: int = Field(default=10_000, ge=100)


class ServeSettings(_Base):
    """How the server listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=8050, ge=1, le=65535)
    basemap_file: Path | None = Field(default=None, description="a user's own basemap, .pmtiles or .json")
    tiles_kept_mb: int = Field(default=32, ge=0, le=4096, description="memory for tiles made lately")
    local_zone: str = Field(default="America/Chicago", description="the second clock, an IANA zone")


@lru_cache
def store() -> StoreSettings:
    return StoreSettings()


@lru_cache
def database() -> DatabaseSettings:
    return DatabaseSettings()


@lru_cache
def serve() -> ServeSettings:
    return ServeSettings()


def for_browser() -> dict:
    """The only settings a page may see."""
    return {"build": BUILD, "local_zone": serve().local_zone}
