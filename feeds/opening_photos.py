"""Inside the sandbox: a photo of a note becomes a clean copy, without what the file says of itself."""

from __future__ import annotations

import struct
from pathlib import Path

from PIL import Image, ImageFile, ImageOps

from feeds.opening import Bad

PIXELS_MAX = 50_000_000
SERVED_PX = 2_560  # the longer side of the copy: what a screen shows, at a size a poor link carries
FORMATS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"RIFF": "WEBP"}
BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, IndexError, KeyError, TypeError, ZeroDivisionError)

ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = PIXELS_MAX


def clean(input: str) -> dict:
    """`clean.webp` beside the input: upright, RGB, no EXIF, XMP or profile. Its format, and its size in pixels as it is looked at. Raises Bad."""
    path = Path(input)
    with open(path, "rb") as file:
        head = file.read(12)
    format = next((name for magic, name in FORMATS.items() if head.startswith(magic)), None)
    if format is None or (format == "WEBP" and head[8:] != b"WEBP"):
        raise Bad("a JPEG, PNG or WebP picture", "first bytes", head)
    try:
        with Image.open(path, formats=[format]) as image:
            width, height = image.size
            if width * height > PIXELS_MAX:
                raise Bad(f"at most {PIXELS_MAX:,} pixels", "size", f"{width} × {height}")
            if getattr(image, "n_frames", 1) != 1:
                raise Bad("one picture, not one that moves", "frames", image.n_frames)
            image.draft("RGB", (SERVED_PX, SERVED_PX))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Bad(f"at most {PIXELS_MAX:,} pixels") from None
    except BROKEN as error:
        raise Bad(f"a picture that can be read ({type(error).__name__})") from None
    turned = (upright.width > upright.height) != (width > height)
    upright.thumbnail((SERVED_PX, SERVED_PX), Image.Resampling.LANCZOS)
    upright.info.clear()
    upright.save("clean.webp", "WEBP", quality=82, method=4, exif=b"", xmp=b"", icc_profile=b"")
    return {"format": format, "width_px": height if turned else width, "height_px": width if turned else height}
