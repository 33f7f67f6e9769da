"""Inside the sandbox: films. One pass: the picture into an MP4 that browsers play, and what the metadata beside it says."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import av.error

from analysis.footprint import Camera, NoFootprint, footprint
from feeds import klv
from feeds.opening import Bad

SERVED, PREVIEW = "served.mp4", "preview.webp"
PREVIEW_PX = 512
LOOK_US = 500_000  # what is kept of the metadata: two a second
LOOKS_MAX = 200_000
PIXELS_MAX = 8192 * 8192
DURATION_MAX_S = 24 * 3600
PACKET = 188
PLAYED = ("h264",)  # what browsers play as it is


def read(input: str) -> dict:
    """Write `served.mp4`; what the film is, its looks in order of time, and what of it could not be used."""
    path = Path(input)
    try:
        with av.open(str(path), format=_format(path), options={"analyzeduration": "20000000", "probesize": "50000000"}) as film:
            found = next((s for s in film.streams.video), None)
            if found is None:
                raise Bad("a film with a picture", "streams", ", ".join(s.type for s in film.streams) or "none")
            codec = found.codec_context
            if not codec.width or not codec.height:
                raise Bad("a film whose picture can be read", "codec", codec.name)
            if codec.width * codec.height > PIXELS_MAX:
                raise Bad(f"at most {PIXELS_MAX:,} pixels", "size", f"{codec.width} × {codec.height}")
            out = _Film(film, found).through()
    except (av.error.FFmpegError, ValueError, MemoryError, EOFError) as error:
        raise Bad(f"a film that can be read ({type(error).__name__}: {str(error)[:120]})") from None
    return out


def _format(path: Path) -> str:
    """The one way this file is opened, by its first bytes."""
    with path.open("rb") as file:
        head = file.read(PACKET * 4 + 16)
    if all(head[i:i + 1] == b"\x47" for i in (0, PACKET, 2 * PACKET)) or all(head[i:i + 1] == b"\x47" for i in (4, 4 + PACKET + 4, 4 + 2 * (PACKET + 4))):
        return "mpegts"
    if head[4:8] == b"ftyp":
        return "mov"
    raise Bad("an MPEG transport stream or an MP4", "first bytes", head[:12])


@dataclass
class _Film:
    """One film on its way through."""

    film: av.container.InputContainer
    stream: av.VideoStream
    zero: int | None = None  # when its first whole picture is shown, in the stream's own time
    last: int = 0
    pictures: int = 0
    looks: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    packets: dict[int, klv.Packets] = field(default_factory=dict)
    kept_us: int | None = None
    early: list[tuple[dict, float | None]] = field(default_factory=list)

    def through(self) -> dict:
        plays = self.stream.codec_context.name in PLAYED
        base, rate = self.stream.time_base, self.stream.average_rate or Fraction(25)
        with av.open(SERVED, "w", format="mp4", options={"movflags": "faststart"}) as served:
            if plays:
                to = served.add_stream_from_template(self.stream)
            else:
                to = served.add_stream("libx264", rate=min(rate, Fraction(120)), options={"preset": "veryfast", "crf": "23"})
                to.width, to.height, to.pix_fmt = self.stream.codec_context.width // 2 * 2, self.stream.codec_context.height // 2 * 2, "yuv420p"
                to.codec_context.time_base = base
                self.notes.append(f"encoded anew: {self.stream.codec_context.name} is not played by browsers")
            data = [s for s in self.film.streams if s.type == "data"]
            try:
                for packet in self.film.demux([self.stream, *data]):
                    if packet.stream.type == "data":
                        self._told(packet)
                    else:
                        self._picture(packet, to, served, plays)
            except (av.error.FFmpegError, EOFError) as error:
                self.notes.append(f"cut off or damaged after {self._seconds(self.last):.1f} s ({type(error).__name__}): what comes before is kept")
            if not plays and self.pictures:
                served.mux(to.encode(None))
            if not self.pictures:
                raise Bad("a film with at least one whole picture", "pictures", 0)
        for packets in self.packets.values():
            packets.end()
        return {**self._whole(rate), "preview": self._preview()}

    def _preview(self) -> bool:
        """Write `preview.webp`: its first picture, small; whether there is one."""
        try:
            with av.open(SERVED, format="mov") as film:
                picture = next(film.decode(video=0)).to_image()
            picture.thumbnail((PREVIEW_PX, PREVIEW_PX))
            picture.save(PREVIEW, "WEBP", quality=78)
        except (av.error.FFmpegError, StopIteration, ValueError, OSError) as error:
            self.notes.append(f"no picture of it in lists ({type(error).__name__})")
            return False
        return True

    def _seconds(self, pts: int) -> float:
        return float((pts - (self.zero or 0)) * self.stream.time_base)

    def _picture(self, packet: av.Packet, to, served, plays: bool) -> None:
        if packet.dts is None or packet.pts is None:
            return
        if self.zero is None:
            if not packet.is_keyframe:
                return  # nothing to show it from
            self.zero = packet.pts
        if packet.pts < self.zero:
            return  # needs a picture before the first
        if self._seconds(packet.pts) > DURATION_MAX_S:
            raise Bad(f"a film of at most {DURATION_MAX_S // 3600} hours", "duration", f"{self._seconds(packet.pts) / 3600:.1f} h")
        self.last = max(self.last, packet.pts)
        if plays:
            packet.pts, packet.dts, packet.stream = packet.pts - self.zero, packet.dts - self.zero, to
            served.mux(packet)
            self.pictures += 1
            return
        for frame in packet.decode():
            if frame.pts is not None and frame.pts >= self.zero:
                frame.pts -= self.zero
                served.mux(to.encode(frame.reformat(to.width, to.height, "yuv420p")))
                self.pictures += 1

    def _told(self, packet: av.Packet) -> None:
        packets = self.packets.setdefault(packet.stream.index, klv.Packets())
        seconds = None if packet.pts is None else float(packet.pts * packet.time_base)
        for one in packets.feed(bytes(packet)):
            us = klv.observed_us(one)
            if us is not None and self.kept_us is not None and 0 <= us - self.kept_us < LOOK_US:
                packets.counted.good += 1
                continue
            told = klv.said(one)
            if told is None:
                packets.counted.value += 1
                continue
            packets.counted.good += 1
            self.kept_us = told["us"]
            if len(self.looks) >= LOOKS_MAX:
                raise Bad(f"at most {LOOKS_MAX:,} looks of metadata", "KLV")
            told["pts_s"] = seconds
            self.looks.append(told)

    def _whole(self, rate: Fraction) -> dict:
        duration = self._seconds(self.last) + float(1 / rate)
        zero_s = float((self.zero or 0) * self.stream.time_base)
        since = [told["us"] / 1e6 - (told["pts_s"] - zero_s) for told in self.looks if told["pts_s"] is not None]
        began = median(since) if since else self.looks[0]["us"] / 1e6 if self.looks else None
        if since and (spread := max(since) - min(since)) > 1.0:
            self.notes.append(f"the metadata's clock and the picture's differ by up to {spread:.1f} s; the middle is taken")
        for told in self.looks:
            told.pop("pts_s")
            if "corners" in told:
                told["corners_from"] = "told"
            elif ring := _by_angles(told):
                told |= {"corners": ring, "corners_from": "angles"}
        counted = [p.counted for p in self.packets.values() if p.counted.read]
        self.notes += [str(c) for c in counted if c.good != c.read]
        # A clock that is set while it films would show one moment twice.
        looks = {told["us"]: told for told in self.looks}
        return {
            "codec": self.stream.codec_context.name, "width": self.stream.codec_context.width, "height": self.stream.codec_context.height,
            "rate_hz": float(rate), "duration_s": duration, "pictures": self.pictures, "began_s": began, "looks": [looks[us] for us in sorted(looks)],
            "klv": {"read": sum(c.read for c in counted), "good": sum(c.good for c in counted), "bad_length": sum(c.length for c in counted),
                    "bad_checksum": sum(c.checksum for c in counted), "bad_content": sum(c.value for c in counted)},
            "notes": self.notes, "made_with": f"PyAV {av.__version__}, FFmpeg {av.ffmpeg_version_info}", "bytes": Path(SERVED).stat().st_size,
        }


def _by_angles(told: dict) -> list[list[float]] | None:
    """Corners on flat ground at the height of the middle, from how platform and sensor were held; None where that is not told."""
    needed = ("lat", "lon", "altitude_m", "centre_m", "heading_deg", "pitch_deg", "roll_deg", "azimuth_deg", "elevation_deg", "fov_h_deg", "fov_v_deg")
    if not all(name in told for name in needed) or not (0.05 < told["fov_h_deg"] < 150 and 0.05 < told["fov_v_deg"] < 150):
        return None
    yaw, pitch, roll = _held(*(math.radians(told[n]) for n in ("heading_deg", "pitch_deg", "roll_deg", "azimuth_deg", "elevation_deg")),
                             math.radians(told.get("sensor_roll_deg", 0.0)))
    focal = 500 / math.tan(math.radians(told["fov_h_deg"]) / 2)
    try:
        found = footprint(Camera(1000, max(1, round(2 * focal * math.tan(math.radians(told["fov_v_deg"]) / 2))), focal, yaw, pitch, roll), told["altitude_m"] - told["centre_m"])
    except NoFootprint:
        return None
    east, north = math.cos(math.radians(told["lat"])) * 111_320, 110_574
    ring = [[told["lon"] + x / east, told["lat"] + y / north] for x, y in found.outline[::len(found.outline) // 4].tolist()]
    return ring if all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in ring) else None


def _held(heading: float, pitch: float, roll: float, azimuth: float, elevation: float, turned: float) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a sensor's axis in degrees: a platform's turns, then the sensor's on it (north, east, down)."""
    import numpy as np

    def turns(z: float, y: float, x: float):
        cz, sz, cy, sy, cx, sx = math.cos(z), math.sin(z), math.cos(y), math.sin(y), math.cos(x), math.sin(x)
        return np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]) @ np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])

    m = turns(heading, pitch, roll) @ turns(azimuth, elevation, turned)
    level = math.hypot(m[0, 0], m[1, 0])
    if level < 1e-6:  # straight down: the turn is all yaw
        return math.degrees(math.atan2(-m[0, 1], m[1, 1])), math.degrees(math.atan2(-m[2, 0], level)), 0.0
    return math.degrees(math.atan2(m[1, 0], m[0, 0])), math.degrees(math.atan2(-m[2, 0], level)), math.degrees(math.atan2(m[2, 1], m[2, 2]))
