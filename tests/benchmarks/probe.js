// Watches a page from outside, whoever draws in it: finished WebGL frames, bytes over the kernel's socket, marks in messages.
(() => {
  const probe = { frames: [], received: 0, sent: 0, marks: [], up: 0, gl: null, finish: true };
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

  // What is drawn in one go is a frame, over when WebGL's pixels can be read. What the widget says is noted with it.
  let frame = null;
  const pixel = new Uint8Array(4);
  const note = (gl, vertices) => {
    if (!frame) {
      frame = { gl: null, most: 0 };
      queueMicrotask(() => {
        if (frame.gl) probe.gl = frame.gl;
        if (frame.gl && probe.finish) finish();
        const { ready, points } = document.querySelector(".datacrafter")?.dataset ?? {};
        const told = { ready: ready === "true", points: Number(points) };
        probe.frames.push({ t: performance.now(), most: frame.most, ...told });
        frame = null;
      });
    }
    frame.gl ??= gl;
    frame.most = Math.max(frame.most, vertices);
  };
  const finish = () => probe.gl?.readPixels(0, 0, 1, 1, probe.gl.RGBA, probe.gl.UNSIGNED_BYTE, pixel);
  for (const name of ["clearRect", "drawImage", "putImageData"]) {
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) {
      draw.apply(this, given);
      note(null, 0);
    };
  }
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
    if (!wait) return before;
    // What was run is taken away again, so that the widget stays where it is.
    return done.then(() => {
      if (index === 0) notebook().widgets[0].model.sharedModel.setSource("");
      return before;
    });
  };
  probe.output = () =>
    notebook()
      .widgets.flatMap((cell) => cell.model.sharedModel.outputs)
      .map((output) => [output.text ?? output.traceback ?? ""].flat().join(""))
      .join("");

  // Drags what was pressed already to and fro, a step with each frame of the browser, as fast as they come. A widget
  // may draw or only move what it has drawn. Returns the milliseconds a frame, all drawing done.
  probe.drag = async (element, x, y, frames, patience) => {
    const pace = () => new Promise(requestAnimationFrame);
    probe.finish = false;
    await pace();
    const begin = performance.now();
    let count = 0;
    for (; count < frames && performance.now() - begin < patience; count++) {
      const at = { clientX: x + 4 * (20 - Math.abs((count % 40) - 20)), clientY: y + (count % 7), buttons: 1, bubbles: true };
      element.dispatchEvent(new PointerEvent("pointermove", { ...at, pointerId: 1, isPrimary: true, pointerType: "mouse" }));
      element.dispatchEvent(new MouseEvent("mousemove", at));
      await pace();
    }
    await pace();
    finish();
    const ms = (performance.now() - begin) / (count + 1);
    probe.finish = true;
    return { ms, frames: count };
  };
})();
