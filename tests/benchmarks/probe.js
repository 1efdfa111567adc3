// Watches a page from outside, whoever draws in it: finished WebGL frames, bytes over the kernel's socket, marks in messages.
(() => {
  const probe = { frames: [], received: 0, sent: 0, marks: [], up: 0 };
  window.probe = probe;

  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    probe.sent += data.byteLength ?? data.length;
    return send.call(this, data);
  };
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const size = data.byteLength ?? data.length;
        probe.received += size;
        if (size > 20000) return;
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        const mark = text.match(/bench-mark-(\d+)/);
        if (mark) probe.marks.push({ t: performance.now(), value: Number(mark[1]) });
      });
    }
  };

  // A frame is over when its pixels can be read. What the widget says of itself is noted with it.
  let most = 0;
  const pixel = new Uint8Array(4);
  const note = (gl, vertices) => {
    if (!most) {
      queueMicrotask(() => {
        gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
        const { ready, points } = document.querySelector(".datacrafter")?.dataset ?? {};
        probe.frames.push({ t: performance.now(), most, ready: ready === "true", points: Number(points) });
        most = 0;
      });
    }
    most = Math.max(most, vertices);
  };
  for (const kind of [WebGLRenderingContext, WebGL2RenderingContext]) {
    for (const [name, at, instances] of [
      ["drawArrays", 2],
      ["drawElements", 1],
      ["drawArraysInstanced", 2, 3],
      ["drawElementsInstanced", 1, 4],
    ]) {
      const draw = kind.prototype[name];
      if (!draw) continue;
      kind.prototype[name] = function (...given) {
        draw.apply(this, given);
        note(this, given[at] * (instances ? given[instances] : 1));
      };
    }
  }
  addEventListener("pointerup", () => { probe.up = performance.now(); }, true);

  const notebook = () => window.jupyterapp.shell.currentWidget.content;

  // Runs code in one of the cells; resolves to how things stood when it began.
  probe.run = (index, code, wait) => {
    notebook().widgets[index].model.sharedModel.setSource(code);
    notebook().activeCellIndex = index;
    notebook().deselectAll();
    probe.frames = [];
    probe.marks = [];
    const before = { t: performance.now(), received: probe.received, sent: probe.sent };
    const done = window.jupyterapp.commands.execute("notebook:run-cell");
    return wait ? done.then(() => before) : before;
  };
  probe.output = () =>
    notebook()
      .widgets.flatMap((cell) => cell.model.sharedModel.outputs)
      .map((output) => [output.text ?? output.traceback ?? ""].flat().join(""))
      .join("");

  // Drags what was pressed already to and fro, as fast as frames come; the milliseconds a frame.
  probe.drag = async (element, x, y, frames, patience) => {
    const pace = () => new Promise(requestAnimationFrame);
    const begin = performance.now();
    const first = probe.frames.length;
    for (let i = 0; probe.frames.length - first < frames && performance.now() - begin < patience; i++) {
      await pace();
      const at = { clientX: x + 4 * (20 - Math.abs((i % 40) - 20)), clientY: y + (i % 7), buttons: 1, bubbles: true };
      element.dispatchEvent(new PointerEvent("pointermove", { ...at, pointerId: 1, isPrimary: true, pointerType: "mouse" }));
      element.dispatchEvent(new MouseEvent("mousemove", at));
    }
    const drawn = probe.frames.slice(first);
    return { ms: (drawn.at(-1).t - drawn[0].t) / (drawn.length - 1), frames: drawn.length, most: drawn.at(-1).most };
  };
})();
