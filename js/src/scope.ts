import type { Connection } from "./connection";
import type { Notices } from "./notices";

/** What every part of one view gets. */
export interface Scope {
  connection: Connection;
  root: HTMLElement;
  notices: Notices;
  /** The view's life. */
  signal: AbortSignal;
  /** The colour of each class, in the order of `info.classes`. */
  colours: () => string[];
}
