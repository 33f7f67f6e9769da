// A layer of the map that draws very many glyphs at once, as rows of numbers the graphics card keeps (many_marks.mjs). It takes no part in placing
// labels, and the map's library knows nothing of its marks: which one is at a point is asked of it here.
import { KINDS, STATES } from "../symbols/glyphs.mjs";
import { glyph, RATIO } from "../symbols/images.mjs";
import { mercatorX, mercatorY, uppermost } from "./many_marks.mjs";

const TILE_PX = 512, TOUCH_PX = 6;
const IMAGES = KINDS.length * STATES.length, SMALL = 0.72;
const SIZES = [[4, 0.62], [7.9, 0.8], [8, 0.92], [10, 1]]; // by zoom

const VERTEX = `#version 300 es
in vec4 place; // x and y in parts of the world, then what a single float left out of them
in uvec2 image; // which, and the way it points
uniform vec4 rects[${IMAGES}]; // left and top in the atlas, width and height there, all in its parts
uniform vec2 boxes[${IMAGES}]; // px on the screen
uniform vec4 middle; // the camera's, as places are
uniform vec2 turn, foot, half_px; // cosine and sine of the camera's bearing; its middle in px; half of the canvas in px
uniform float world_px, shift, size;
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  vec2 d = ((place.xy - middle.xy) + (place.zw - middle.zw) + vec2(shift, 0.0)) * world_px;
  float way = float(image.y) / 65536.0 * 6.283185307;
  vec2 c = (corner - 0.5) * boxes[image.x] * size;
  c = vec2(c.x * cos(way) - c.y * sin(way), c.x * sin(way) + c.y * cos(way));
  d += c; // it turns with the ground
  vec2 px = foot + vec2(d.x * turn.x + d.y * turn.y, d.y * turn.x - d.x * turn.y);
  gl_Position = vec4(px.x / half_px.x - 1.0, 1.0 - px.y / half_px.y, 0.0, 1.0);
  at = rects[image.x].xy + corner * rects[image.x].zw;
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D atlas;
uniform float opacity;
in vec2 at;
out vec4 colour;
void main() { colour = texture(atlas, at) * opacity; }`;

/** Pure: how large glyphs are at a zoom. */
export function sizeAt(zoom) {
  const after = SIZES.findIndex(([z]) => z > zoom);
  if (after === 0) return SIZES[0][1];
  if (after < 0) return SIZES.at(-1)[1];
  const [[z0, s0], [z1, s1]] = [SIZES[after - 1], SIZES[after]];
  return s0 + ((zoom - z0) / (z1 - z0)) * (s1 - s0);
}

/** A custom layer; `set(marks)`, packed and thinned, draws them from the next frame on. */
export function glyphLayer(id, { token, wall }) {
  let map, gl, parts, marks, fresh = false, opacity = 1;
  const boxes = [];

  const layer = {
    id, type: "custom", renderingMode: "2d", wall,
    get count() { return marks?.count ?? 0; },
    get marks() { return marks; },
    set(next) {
      [marks, fresh] = [next, true];
      map?.triggerRepaint();
    },
    opacity(value) {
      opacity = value;
      map?.triggerRepaint();
    },
    onAdd(to, context) {
      [map, gl, parts, fresh] = [to, context, undefined, true];
    },
    onRemove() {
      if (parts && !gl.isContextLost()) {
        gl.deleteProgram(parts.program);
        gl.deleteVertexArray(parts.rows);
        gl.deleteTexture(parts.atlas);
        parts.buffers.forEach((buffer) => gl.deleteBuffer(buffer));
      }
      map = parts = undefined;
    },
    // All that touches the context is done here: what the library holds about it is thrown away afterwards, and only then.
    render() {
      if (!marks?.count) return;
      parts ??= build(gl, token, wall, boxes);
      if (fresh) fill();
      fresh = false;
      gl.useProgram(parts.program);
      gl.bindVertexArray(parts.rows);
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, parts.atlas);
      gl.disable(gl.DEPTH_TEST);
      gl.disable(gl.STENCIL_TEST);
      gl.disable(gl.CULL_FACE);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      const { x, y, px, foot, turn, width, height } = camera(map), u = parts.uniforms;
      gl.uniform4f(u.middle, x, y, x - Math.fround(x), y - Math.fround(y));
      gl.uniform2f(u.turn, Math.cos(turn), Math.sin(turn));
      gl.uniform2f(u.foot, foot.x, foot.y);
      gl.uniform2f(u.half_px, width / 2, height / 2);
      gl.uniform1f(u.world_px, px);
      gl.uniform1f(u.size, sizeAt(map.getZoom()));
      gl.uniform1f(u.opacity, opacity);
      const half = Math.hypot(width, height) / px;
      for (let copy = Math.floor(x - half); copy <= Math.floor(x + half); copy++) {
        gl.uniform1f(u.shift, copy);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, marks.count);
      }
      gl.bindVertexArray(null);
    },
    /** The number of the uppermost mark at a point of the screen; undefined when there is none. */
    at({ x, y }) {
      if (!map || !marks?.count || map.getLayer(id)?.visibility === "none") return undefined;
      const { lng, lat } = map.unproject([x, y]), px = TILE_PX * 2 ** map.getZoom(), size = sizeAt(map.getZoom());
      const found = uppermost(marks, mercatorX(lng), mercatorY(lat), (i) => (TOUCH_PX + ((boxes[marks.image[i]] ?? 30) * size) / 2) / px);
      return found < 0 ? undefined : marks.ids[found];
    },
  };

  function fill() {
    const [places, images] = parts.buffers;
    gl.bindVertexArray(null);
    gl.bindBuffer(gl.ARRAY_BUFFER, places);
    gl.bufferData(gl.ARRAY_BUFFER, marks.places.subarray(0, 4 * marks.count), gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, images);
    gl.bufferData(gl.ARRAY_BUFFER, marks.images.subarray(0, 2 * marks.count), gl.DYNAMIC_DRAW);
  }

  return layer;
}

function camera(map) {
  const center = map.getCenter(), canvas = map.getCanvas();
  return {
    x: mercatorX(center.lng), y: mercatorY(center.lat), px: TILE_PX * 2 ** map.getZoom(), foot: map.project(center), turn: (map.getBearing() * Math.PI) / 180,
    width: canvas.clientWidth, height: canvas.clientHeight,
  };
}

/** Program, rows and atlas; `boxes` is filled with how wide each image is on the screen. */
function build(gl, token, wall, boxes) {
  const program = gl.createProgram();
  for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(`marks can't be drawn: ${gl.getProgramInfoLog(program)}`);
  const uniforms = Object.fromEntries(["rects", "boxes", "middle", "turn", "foot", "half_px", "world_px", "shift", "size", "opacity", "atlas"].map((name) => [name, gl.getUniformLocation(program, name)]));
  gl.useProgram(program);
  const { texture, rects, sizes } = atlas(gl, token, wall);
  gl.uniform4fv(uniforms.rects, rects);
  gl.uniform2fv(uniforms.boxes, sizes);
  gl.uniform1i(uniforms.atlas, 0);
  for (let i = 0; i < IMAGES; i++) boxes[i] = sizes[2 * i];
  const rows = gl.createVertexArray(), buffers = [gl.createBuffer(), gl.createBuffer()];
  gl.bindVertexArray(rows);
  for (const [i, name] of ["place", "image"].entries()) {
    const where = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[i]);
    gl.enableVertexAttribArray(where);
    if (i) gl.vertexAttribIPointer(where, 2, gl.UNSIGNED_SHORT, 0, 0);
    else gl.vertexAttribPointer(where, 4, gl.FLOAT, false, 0, 0);
    gl.vertexAttribDivisor(where, 1);
  }
  gl.bindVertexArray(null);
  return { program, uniforms, rows, buffers, atlas: texture };
}

/** Every glyph in every state on one image, a clear edge round each. */
function atlas(gl, token, wall) {
  const images = KINDS.flatMap((kind) => STATES.map((state) => glyph(kind, state, token, wall)));
  const cell = Math.max(...images.map((image) => image.width)) + 4, across = Math.ceil(Math.sqrt(IMAGES)), side = cell * across;
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side }), g = canvas.getContext("2d", { willReadFrequently: true });
  const rects = new Float32Array(4 * IMAGES), sizes = new Float32Array(2 * IMAGES);
  images.forEach((image, i) => {
    const [left, top] = [(i % across) * cell + 2, Math.floor(i / across) * cell + 2];
    g.putImageData(image, left, top);
    rects.set([left / side, top / side, image.width / side, image.height / side], 4 * i);
    const small = STATES[i % STATES.length] === "lost" ? SMALL : 1; // what was lost long ago is still there, and quieter
    sizes.set([(small * image.width) / RATIO, (small * image.height) / RATIO], 2 * i);
  });
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
  gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, canvas);
  gl.generateMipmap(gl.TEXTURE_2D);
  for (const [name, value] of [["MIN_FILTER", gl.LINEAR_MIPMAP_NEAREST], ["MAG_FILTER", gl.LINEAR], ["WRAP_S", gl.CLAMP_TO_EDGE], ["WRAP_T", gl.CLAMP_TO_EDGE]]) {
    gl.texParameteri(gl.TEXTURE_2D, gl[`TEXTURE_${name}`], value);
  }
  return { texture, rects, sizes };
}
