import { type Connection, connect } from "./connection";
import { dashboard } from "./dashboard";
import type { WidgetModel } from "./protocol";

/** anywidget's entry: `initialize` owns the line to Python, each `render` owns one view's DOM. */
export default () => {
  let connection: Connection | null = null;
  return {
    initialize({ model }: { model: WidgetModel }): () => void {
      const life = new AbortController();
      countAnew(model);
      connection = connect(model, life.signal);
      return () => life.abort();
    },
    render({ model, el }: { model: WidgetModel; el: HTMLElement }): () => void {
      const life = new AbortController();
      connection ??= connect(model, life.signal);
      dashboard({ connection, el, signal: life.signal });
      return () => life.abort();
    },
  };
};

/** Views of a page that was reloaded or left are gone, but nobody took them off the count. */
function countAnew(model: WidgetModel): void {
  if (!model.get("_view_count")) return;
  model.set("_view_count", 0);
  model.save_changes();
}
