import { nextCapacity } from "../capacity";
import { rgb } from "../palette";
import type { PointTable } from "../pointtable";
import type { Frame, PointRenderer } from "./pointrenderer";
import { FRAGMENT, MAX_COLOURS, VERTEX } from "./shaders";

const PLACE_FLOATS = 5; // from x, y · to x, y · birth
const META_BYTES = 4;

interface Gpu {
  program: WebGLProgram;
  places: WebGLBuffer;
  metas: WebGLBuffer;
  vao: WebGLVertexArrayObject;
  at: (name: string) => WebGLUniformLocation | null;
}

/** Draws all points in one call with WebGL2. Appending uploads the new rows only; buffers double when full. */
export class GlRenderer implements PointRenderer {
  readonly canvas: HTMLCanvasElement;
  readonly #gl: WebGL2RenderingContext;
  readonly #abort = new AbortController();
  #gpu: Gpu | null = null;
  #places = new Float32Array(0);
  #metas = new Uint8Array(0);
  #capacity = 0;
  #count = 0;
  #palette = new Float32Array(MAX_COLOURS * 3);
  #background: [number, number, number] = [1, 1, 1];
  #ink: [number, number, number] = [0, 0, 0];

  /** Throws when the canvas gives no WebGL2 context. `onRestored` is called when a lost context is back. */
  constructor(canvas: HTMLCanvasElement, onRestored: () => void) {
    const gl = canvas.getContext("webgl2", { antialias: false });
    if (!gl) throw new Error("WebGL2 is not available");
    this.canvas = canvas;
    this.#gl = gl;
    const { signal } = this.#abort;
    canvas.addEventListener(
      "webglcontextlost",
      (event) => {
        event.preventDefault(); // asks for it to be restored
        this.#gpu = null;
      },
      { signal },
    );
    canvas.addEventListener(
      "webglcontextrestored",
      () => {
        this.#gpu = this.#setUp();
        this.#allocate();
        onRestored();
      },
      { signal },
    );
    this.#gpu = this.#setUp();
  }

  setPalette(colours: readonly string[], background: string, ink: string): void {
    colours.slice(0, MAX_COLOURS).forEach((colour, i) => {
      this.#palette.set(rgb(colour), i * 3);
    });
    this.#background = rgb(background);
    this.#ink = rgb(ink);
  }

  replace(points: PointTable, looks: Uint8Array, from: Float32Array | null): void {
    this.#reserve(points.count);
    this.#write(points, looks, 0, 0);
    if (from) {
      for (let row = 0; row < points.count; row++) {
        this.#places[row * PLACE_FLOATS] = from[row * 2];
        this.#places[row * PLACE_FLOATS + 1] = from[row * 2 + 1];
      }
    }
    this.#upload(0);
  }

  append(points: PointTable, looks: Uint8Array, start: number, now: number): void {
    const grew = this.#reserve(points.count);
    this.#write(points, looks, start, now);
    this.#upload(grew ? 0 : start);
  }

  restyle(points: PointTable, looks: Uint8Array): void {
    for (let row = 0; row < points.count; row++) this.#metas[row * META_BYTES + 2] = looks[row];
    if (!this.#gpu) return;
    this.#gl.bindBuffer(this.#gl.ARRAY_BUFFER, this.#gpu.metas);
    this.#gl.bufferSubData(this.#gl.ARRAY_BUFFER, 0, this.#metas, 0, points.count * META_BYTES);
  }

  draw(frame: Frame): void {
    const gl = this.#gl;
    const gpu = this.#gpu;
    if (!gpu || gl.isContextLost()) return;
    const width = Math.max(1, Math.round(frame.width * frame.pixelRatio));
    const height = Math.max(1, Math.round(frame.height * frame.pixelRatio));
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.#count) return;
    const { k, tx, ty } = frame.camera;
    gl.useProgram(gpu.program);
    gl.bindVertexArray(gpu.vao);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.uniform4f(
      gpu.at("view"),
      (2 * k) / frame.width,
      (2 * k) / frame.height,
      (2 * tx) / frame.width - 1,
      1 - (2 * ty) / frame.height,
    );
    gl.uniform1f(gpu.at("radius"), frame.radius * frame.pixelRatio);
    gl.uniform1f(gpu.at("ratio"), frame.pixelRatio);
    gl.uniform1f(gpu.at("travel"), frame.mix);
    gl.uniform1f(gpu.at("now"), frame.now);
    gl.uniform3fv(gpu.at("colours"), this.#palette);
    gl.uniform3fv(gpu.at("background"), this.#background);
    gl.uniform3fv(gpu.at("ink"), this.#ink);
    gl.drawArrays(gl.POINTS, 0, this.#count);
  }

  dispose(): void {
    this.#abort.abort();
    this.#gpu = null;
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext(); // browsers keep only so many contexts
  }

  #write(points: PointTable, looks: Uint8Array, start: number, birth: number): void {
    for (let row = start; row < points.count; row++) {
      const place = row * PLACE_FLOATS;
      this.#places[place] = points.x[row];
      this.#places[place + 1] = points.y[row];
      this.#places[place + 2] = points.x[row];
      this.#places[place + 3] = points.y[row];
      this.#places[place + 4] = birth;
      const meta = row * META_BYTES;
      this.#metas[meta] = points.classIndex[row] % MAX_COLOURS;
      this.#metas[meta + 1] = points.origin[row];
      this.#metas[meta + 2] = looks[row];
    }
    this.#count = points.count;
  }

  #reserve(rows: number): boolean {
    if (rows <= this.#capacity) return false;
    this.#capacity = nextCapacity(this.#capacity, rows);
    const places = new Float32Array(this.#capacity * PLACE_FLOATS);
    places.set(this.#places);
    this.#places = places;
    const metas = new Uint8Array(this.#capacity * META_BYTES);
    metas.set(this.#metas);
    this.#metas = metas;
    this.#allocate();
    return true;
  }

  #allocate(): void {
    const gl = this.#gl;
    if (!this.#gpu) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#gpu.places);
    gl.bufferData(gl.ARRAY_BUFFER, this.#places, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#gpu.metas);
    gl.bufferData(gl.ARRAY_BUFFER, this.#metas, gl.DYNAMIC_DRAW);
  }

  #upload(start: number): void {
    const gl = this.#gl;
    const rows = this.#count - start;
    if (!this.#gpu || rows <= 0) return;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#gpu.places);
    gl.bufferSubData(
      gl.ARRAY_BUFFER,
      start * PLACE_FLOATS * 4,
      this.#places,
      start * PLACE_FLOATS,
      rows * PLACE_FLOATS,
    );
    gl.bindBuffer(gl.ARRAY_BUFFER, this.#gpu.metas);
    gl.bufferSubData(gl.ARRAY_BUFFER, start * META_BYTES, this.#metas, start * META_BYTES, rows * META_BYTES);
  }

  #setUp(): Gpu {
    const gl = this.#gl;
    const program = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type)!;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`the map's shaders do not link: ${gl.getProgramInfoLog(program)}`);
    }
    const vao = gl.createVertexArray();
    const places = gl.createBuffer();
    const metas = gl.createBuffer();
    gl.bindVertexArray(vao);
    gl.bindBuffer(gl.ARRAY_BUFFER, places);
    const stride = PLACE_FLOATS * 4;
    for (const [index, size, offset] of [
      [0, 2, 0],
      [1, 2, 8],
      [2, 1, 16],
    ]) {
      gl.enableVertexAttribArray(index);
      gl.vertexAttribPointer(index, size, gl.FLOAT, false, stride, offset);
    }
    gl.bindBuffer(gl.ARRAY_BUFFER, metas);
    gl.enableVertexAttribArray(3);
    gl.vertexAttribIPointer(3, 4, gl.UNSIGNED_BYTE, META_BYTES, 0);
    const known = new Map<string, WebGLUniformLocation | null>();
    const at = (name: string) => {
      if (!known.has(name)) known.set(name, gl.getUniformLocation(program, name));
      return known.get(name)!;
    };
    return { program, places, metas, vao, at };
  }
}
